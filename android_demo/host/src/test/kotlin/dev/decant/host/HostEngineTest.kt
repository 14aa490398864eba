package dev.decant.host

import dev.decant.core.Accelerator
import dev.decant.core.DType
import dev.decant.core.EngineException
import dev.decant.core.EngineRequest
import dev.decant.core.SidecarReader
import dev.decant.core.Tensor
import dev.decant.core.sha256
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class HostEngineTest {
    private val bundle = File(System.getProperty("decant.bundle"))
    private val sidecar = SidecarReader.read(File(bundle, "model.json").readText())
    private val engine = HostEngine(File(System.getProperty("decant.library")))
    private val request = EngineRequest(
        File(bundle, sidecar.file), sidecar.sha256, sidecar.inputs, sidecar.outputs, Accelerator.CPU,
    )
    private val golden = sidecar.golden.first()

    private fun floats(name: String): FloatArray {
        val bytes = ByteBuffer.wrap(File(bundle, name).readBytes()).order(ByteOrder.LITTLE_ENDIAN)
        return FloatArray(bytes.remaining() / 4).also { bytes.asFloatBuffer().get(it) }
    }

    private fun largestDifference(a: FloatArray, b: FloatArray): Float {
        assertEquals(a.size, b.size)
        return a.indices.maxOf { Math.abs(a[it] - b[it]) }
    }

    @Test
    fun reproducesTheGoldenOutputs() {
        val inputs = sidecar.inputs.map { info ->
            Tensor(info).apply { setReals(floats(golden.inputs.getValue(info.name).file)) }
        }
        for (threads in 1..2) {
            val outputs = sidecar.outputs.map(::Tensor)
            engine.open(request.copy(threads = threads)).use { it.run(inputs, outputs) }
            for (output in outputs) {
                val expected = floats(golden.outputs.getValue(output.info.name).file)
                // The same kernels on the same machine; float sums may be split between threads.
                assertTrue(output.info.name, largestDifference(expected, output.asReals()) <= 1e-4f)
            }
        }
    }

    @Test
    fun refusesADamagedModel() {
        val bytes = request.model.readBytes()
        val damaged = mapOf(
            "empty" to ByteArray(0),
            "truncated" to bytes.copyOf(bytes.size / 2),
            "text" to "not a model".toByteArray(),
        )
        for ((name, content) in damaged) {
            val file = File.createTempFile("decant", ".tflite").apply { deleteOnExit() }
            file.writeBytes(content)
            val error = assertThrows(name, EngineException::class.java) { engine.open(request.copy(model = file)) }
            assertTrue(error.message, error.message!!.contains(file.path))
        }
    }

    @Test
    fun refusesAFileThatIsNoModelThoughItIsTheOneDescribed() {
        val file = File.createTempFile("decant", ".tflite").apply { deleteOnExit() }
        file.writeText("not a model")
        val described = request.copy(model = file, sha256 = sha256(file.readBytes()))
        val error = assertThrows(EngineException::class.java) { engine.open(described) }
        assertTrue(error.message, "cannot read the model" in error.message!!)
    }

    @Test
    fun refusesAMissingModel() {
        assertThrows(EngineException::class.java) { engine.open(request.copy(model = File(bundle, "none"))) }
    }

    @Test
    fun refusesAnAcceleratorThatIsNotThere() {
        assertThrows(EngineException::class.java) { engine.open(request.copy(accelerator = Accelerator.NPU)).close() }
    }

    @Test
    fun refusesAWrongDescription() {
        val otherType = request.inputs.map { it.copy(dtype = DType.UINT8) }
        val otherName = request.outputs.map { it.copy(name = it.name + "_") }
        for (wrong in listOf(request.copy(inputs = otherType), request.copy(outputs = otherName))) {
            val error = assertThrows(EngineException::class.java) { engine.open(wrong) }
            assertTrue(error.message, error.message!!.contains("not") || error.message!!.contains("described"))
        }
    }
}
