package dev.decant.core

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** A runtime whose "model" adds a number to its input: by accelerator, as a real one would differ. */
private class AddingEngine(private val added: Map<Accelerator, Float>) : Engine {
    var open = 0

    override fun open(request: EngineRequest): Session {
        request.requireIntact()
        val number = added[request.accelerator] ?: throw EngineException("${request.accelerator} is not there")
        open++
        return object : Session {
            override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
                outputs[0].setReals(FloatArray(inputs[0].info.size) { inputs[0].asReals()[it] + number })
            }

            override fun close() {
                open--
            }
        }
    }
}

class AcceleratorLadderTest {
    private val info = TensorInfo("x", listOf(1, 2), DType.FLOAT32, Layout.KEEP, null)
    private val files = mapOf("i" to floats(1f, 2f), "o" to floats(2f, 3f))
    private val sidecar = Sidecar(
        "m", "m.tflite", "", 0, listOf(info), listOf(info.copy(name = "y")), null, emptyList(), null,
        listOf(Golden(null, null, mapOf("x" to tensorFile("i")), mapOf("y" to tensorFile("o")), emptyList())),
    )
    private val model = File.createTempFile("decant", ".tflite").apply { deleteOnExit() }

    private fun floats(vararg values: Float): ByteArray {
        val bytes = ByteBuffer.allocate(4 * values.size).order(ByteOrder.LITTLE_ENDIAN)
        values.forEach { bytes.putFloat(it) }
        return bytes.array()
    }

    private fun tensorFile(name: String) =
        TensorFile(name, sha256(files.getValue(name)), DType.FLOAT32, listOf(1, 2))

    private fun variant(accelerator: Accelerator, absolute: Double = 0.1, sha256: String = sha256(ByteArray(0))) =
        Variant(accelerator, model, sha256, Tolerance(absolute, 0.0))

    private fun ladder(engine: Engine, read: (String) -> ByteArray = files::getValue) =
        AcceleratorLadder(engine, sidecar, GoldenCheck(sidecar, read))

    private val all = listOf(Accelerator.CPU, Accelerator.NPU, Accelerator.GPU).map { variant(it) }

    @Test
    fun takesTheFirstThatFits() {
        val engine = AddingEngine(mapOf(Accelerator.NPU to 1.05f, Accelerator.GPU to 1f, Accelerator.CPU to 1f))
        val climb = ladder(engine).climb(all, 1)
        assertEquals(Accelerator.NPU, climb.variant.accelerator)
        assertTrue(climb.rejections.isEmpty())
    }

    @Test
    fun keepsTheReasonOfEveryRejectionAndClosesWhatItRejects() {
        val engine = AddingEngine(mapOf(Accelerator.GPU to Float.NaN, Accelerator.CPU to 1f))
        val climb = ladder(engine).climb(all, 1)
        assertEquals(Accelerator.CPU, climb.variant.accelerator)
        assertEquals(listOf(Accelerator.NPU, Accelerator.GPU), climb.rejections.map { it.accelerator })
        assertTrue(climb.rejections[0].reason, "not there" in climb.rejections[0].reason)
        assertTrue(climb.rejections[1].reason, "y[0] is NaN" in climb.rejections[1].reason)
        assertEquals(1, engine.open)
    }

    @Test
    fun holdsEachVariantToItsOwnTolerance() {
        val engine = AddingEngine(mapOf(Accelerator.GPU to 1.2f, Accelerator.CPU to 1.2f))
        val variants = listOf(variant(Accelerator.GPU), variant(Accelerator.CPU, absolute = 0.3))
        assertEquals(Accelerator.CPU, ladder(engine).climb(variants, 1).variant.accelerator)
    }

    @Test
    fun tellsEveryReasonWhenNothingFits() {
        val engine = AddingEngine(mapOf(Accelerator.CPU to 5f))
        val variants = listOf(variant(Accelerator.CPU), variant(Accelerator.GPU, sha256 = "0"))
        val error = assertThrows(LadderException::class.java) { ladder(engine).climb(variants, 1) }
        assertEquals(2, error.rejections.size)
        assertTrue(error.message, "GPU: $model: is not the file" in error.message!!)
        assertEquals(0, engine.open)
    }

    @Test
    fun refusesADamagedGoldenFile() {
        val engine = AddingEngine(mapOf(Accelerator.CPU to 1f))
        assertThrows(SidecarException::class.java) {
            ladder(engine) { floats(1f, 9f) }.climb(listOf(variant(Accelerator.CPU)), 1)
        }
        assertEquals(0, engine.open)
    }

    @Test
    fun checksRelativeTolerance() {
        val session = AddingEngine(mapOf(Accelerator.CPU to 1.1f))
            .open(EngineRequest(model, sha256(ByteArray(0)), sidecar.inputs, sidecar.outputs, Accelerator.CPU))
        val check = GoldenCheck(sidecar, files::getValue)
        assertNull(check.mismatch(session, Tolerance(0.0, 0.06)))
        assertTrue(check.mismatch(session, Tolerance(0.0, 0.04))!!.startsWith("y[0]"))
    }
}
