package dev.decant.host

import com.google.gson.JsonParser
import dev.decant.core.Crop
import dev.decant.core.NormalisedBy
import dev.decant.core.Orientation
import dev.decant.core.Plane
import dev.decant.core.Preprocessor
import dev.decant.core.RgbaFrame
import dev.decant.core.SidecarReader
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import java.nio.ByteBuffer
import javax.imageio.ImageIO
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class RunnerTest {
    private val bundle = File(System.getProperty("decant.bundle"))
    private val sidecar = SidecarReader.read(File(bundle, "model.json").readText())
    private val golden = sidecar.golden.first()
    private val picture = ImageIO.read(File(bundle, golden.photo!!))

    private fun rgb(): ByteArray {
        val argb = picture.getRGB(0, 0, picture.width, picture.height, null, 0, picture.width)
        return ByteArray(3 * argb.size) { (argb[it / 3] shr (16 - it % 3 * 8)).toByte() }
    }

    private fun run(request: String, vararg variant: String): String {
        val (input, output) = System.`in` to System.out
        val printed = ByteArrayOutputStream()
        try {
            System.setIn("$request\n".byteInputStream())
            System.setOut(PrintStream(printed))
            main(arrayOf(System.getProperty("decant.library"), bundle.path, *variant))
        } finally {
            System.setIn(input)
            System.setOut(output)
        }
        return printed.toString()
    }

    @Test
    fun answersWithTheGoldenPredictions() {
        val photo = File.createTempFile("decant", ".rgb").apply { deleteOnExit() }
        photo.writeBytes(rgb())
        val request = """{"file": "$photo", "width": ${picture.width}, "height": ${picture.height}}"""
        val predictions = JsonParser.parseString(run(request)).asJsonObject.getAsJsonArray("predictions")
        assertEquals(golden.predictions.size, predictions.size())
        golden.predictions.zip(predictions) { expected, found ->
            val json = found.asJsonObject
            assertEquals(expected.label, json.get("label").asString)
            // The sidecar rounds scores to six decimals and corners to three.
            assertEquals(expected.score, json.get("score").asDouble, 2e-6)
            expected.quad.zip(json.getAsJsonArray("quad")) { (x, y), corner ->
                assertEquals(x, corner.asJsonArray[0].asDouble, 2e-3)
                assertEquals(y, corner.asJsonArray[1].asDouble, 2e-3)
            }
        }
    }

    @Test
    fun makesTheGoldenPixelsOfTheGoldenPhoto() {
        val image = sidecar.image!!
        val info = sidecar.inputs.single { it.name == image.name }
        val preprocessor = Preprocessor(image.copy(normalisedBy = NormalisedBy.FILE), info)
        val plane = Plane(ByteBuffer.wrap(rgb()), picture.width * 3, 3)
        preprocessor.run(RgbaFrame(plane, Crop(0, 0, picture.width, picture.height), Orientation.UPRIGHT))
        val made = preprocessor.tensor.asReals().map { it.toInt().toByte() }.toByteArray()
        assertTrue("the pixels differ", File(bundle, golden.pixels!!.file).readBytes().contentEquals(made))
    }
}
