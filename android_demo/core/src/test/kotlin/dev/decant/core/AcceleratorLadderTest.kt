package dev.decant.core

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

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
    @get:Rule
    val temporary = TemporaryFolder()

    private val info = TensorInfo("x", listOf(1, 2), DType.FLOAT32, Layout.KEEP, null)
    private val sidecar = Sidecar(
        "m",
        listOf(variant(Accelerator.CPU), variant(Accelerator.NPU), variant(Accelerator.GPU)),
        listOf(info), listOf(info.copy(name = "y")), null, emptyList(), null,
        listOf(golden(emptyMap())), emptyMap(), emptyList(),
    )

    @Before
    fun writeBundle() {
        mapOf("i" to floats(1f, 2f), "o" to floats(2f, 3f), "o2" to floats(4f, 5f), "m" to ByteArray(0))
            .forEach { (name, bytes) -> File(temporary.root, name).writeBytes(bytes) }
    }

    private fun floats(vararg values: Float): ByteArray {
        val bytes = ByteBuffer.allocate(4 * values.size).order(ByteOrder.LITTLE_ENDIAN)
        values.forEach { bytes.putFloat(it) }
        return bytes.array()
    }

    private fun variant(accelerator: Accelerator, allowed: Double = 0.1, sha256: String = sha256(ByteArray(0))) =
        Variant(accelerator, "v", "m", sha256, 0, mapOf("y" to allowed))

    /** x is 1 and 2; y is 2 and 3 but for [others]. */
    private fun golden(others: Map<Accelerator, TensorFile>): Golden {
        val inputs = mapOf("x" to tensorFile("i", 1f, 2f))
        val expected = Accelerator.entries.associateWith { mapOf("y" to (others[it] ?: tensorFile("o", 2f, 3f))) }
        return Golden(null, null, null, inputs, expected, emptyList())
    }

    private fun tensorFile(name: String, vararg values: Float) =
        TensorFile(name, sha256(floats(*values)), DType.FLOAT32, listOf(1, 2))

    private fun ladder(engine: Engine, sidecar: Sidecar = this.sidecar) =
        AcceleratorLadder(engine, sidecar, temporary.root)

    @Test
    fun takesTheFirstThatFits() {
        val engine = AddingEngine(mapOf(Accelerator.NPU to 1.05f, Accelerator.GPU to 1f, Accelerator.CPU to 1f))
        val climb = ladder(engine).climb(1)
        assertEquals(Accelerator.NPU, climb.variant.accelerator)
        assertTrue(climb.rejections.isEmpty())
    }

    @Test
    fun keepsTheReasonOfEveryRejectionAndClosesWhatItRejects() {
        val engine = AddingEngine(mapOf(Accelerator.GPU to Float.NaN, Accelerator.CPU to 1f))
        val climb = ladder(engine).climb(1)
        assertEquals(Accelerator.CPU, climb.variant.accelerator)
        assertEquals(listOf(Accelerator.NPU, Accelerator.GPU), climb.rejections.map { it.accelerator })
        assertTrue(climb.rejections[0].reason, "not there" in climb.rejections[0].reason)
        assertTrue(climb.rejections[1].reason, "y[0] is NaN" in climb.rejections[1].reason)
        assertEquals(1, engine.open)
    }

    @Test
    fun holdsEachVariantToItsOwnTolerance() {
        val engine = AddingEngine(mapOf(Accelerator.GPU to 1.2f, Accelerator.CPU to 1.2f))
        val variants = listOf(variant(Accelerator.GPU), variant(Accelerator.CPU, allowed = 0.3))
        assertEquals(Accelerator.CPU, ladder(engine).climb(1, variants).variant.accelerator)
    }

    @Test
    fun holdsEachVariantToItsOwnGoldenOutputs() {
        val gpus = golden(mapOf(Accelerator.GPU to tensorFile("o2", 4f, 5f)))
        val engine = AddingEngine(mapOf(Accelerator.NPU to 3f, Accelerator.GPU to 3f))
        val climb = ladder(engine, sidecar.copy(golden = listOf(gpus))).climb(1)
        assertEquals(Accelerator.GPU, climb.variant.accelerator)
    }

    @Test
    fun tellsEveryReasonWhenNothingFits() {
        val engine = AddingEngine(mapOf(Accelerator.CPU to 5f))
        val variants = listOf(variant(Accelerator.CPU), variant(Accelerator.GPU, sha256 = "0"))
        val error = assertThrows(LadderException::class.java) { ladder(engine).climb(1, variants) }
        assertEquals(2, error.rejections.size)
        val model = File(temporary.root, "m")
        assertTrue(error.message, "GPU: $model: is not the file" in error.message!!)
        assertEquals(0, engine.open)
    }

    @Test
    fun refusesADamagedOrMissingGoldenFile() {
        val engine = AddingEngine(mapOf(Accelerator.CPU to 1f))
        val file = File(temporary.root, "i")
        for (damage in listOf({ file.writeBytes(floats(1f, 9f)) }, { check(file.delete()) })) {
            damage()
            val error = assertThrows(SidecarException::class.java) { ladder(engine).climb(1) }
            assertTrue(error.message, error.message!!.startsWith("i: is not the file"))
        }
        assertEquals(0, engine.open)
    }
}
