package dev.decant.host

import com.google.gson.JsonParser
import dev.decant.core.SidecarReader
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import javax.imageio.ImageIO
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class RunnerTest {
    private val bundle = File(System.getProperty("decant.bundle"))
    private val golden = SidecarReader.read(File(bundle, "model.json").readText()).golden.first()

    private fun temporary(suffix: String) = File.createTempFile("decant", suffix).apply { deleteOnExit() }

    private fun run(request: String): String {
        val (input, output) = System.`in` to System.out
        val printed = ByteArrayOutputStream()
        try {
            System.setIn("$request\n".byteInputStream())
            System.setOut(PrintStream(printed))
            main(arrayOf(System.getProperty("decant.library"), bundle.path))
        } finally {
            System.setIn(input)
            System.setOut(output)
        }
        return printed.toString()
    }

    @Test
    fun answersWithTheGoldenPredictionsAndTensor() {
        val picture = ImageIO.read(File(bundle, golden.photo!!))
        val argb = picture.getRGB(0, 0, picture.width, picture.height, null, 0, picture.width)
        val rgb = ByteArray(3 * argb.size) { (argb[it / 3] shr (16 - it % 3 * 8)).toByte() }
        val (photo, tensor) = temporary(".rgb").apply { writeBytes(rgb) } to temporary(".bin")
        val answer = run(
            """{"file": "$photo", "width": ${picture.width}, "height": ${picture.height}, "tensor": "$tensor"}""",
        )
        val predictions = JsonParser.parseString(answer).asJsonObject.getAsJsonArray("predictions")
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
        val input = File(bundle, golden.inputs.values.single().file)
        assertTrue("the tensor differs", input.readBytes().contentEquals(tensor.readBytes()))
    }
}
