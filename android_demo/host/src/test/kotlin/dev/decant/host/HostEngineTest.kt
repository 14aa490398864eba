package dev.decant.host

import dev.decant.core.Accelerator
import dev.decant.core.AcceleratorLadder
import dev.decant.core.ClimbingSession
import dev.decant.core.DType
import dev.decant.core.DeviceProbe
import dev.decant.core.Engine
import dev.decant.core.EngineException
import dev.decant.core.EngineRequest
import dev.decant.core.GoldenCheck
import dev.decant.core.MemoryUse
import dev.decant.core.RungBenchmark
import dev.decant.core.Session
import dev.decant.core.SidecarReader
import dev.decant.core.SustainedPlan
import dev.decant.core.Tensor
import dev.decant.core.Thermal
import dev.decant.core.UndecodedRule
import dev.decant.core.sha256
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class HostEngineTest {
    private val bundle = File(System.getProperty("decant.bundle"))
    private val sidecar = SidecarReader.read(File(bundle, "model.json").readText())
    private val engine = HostEngine(File(System.getProperty("decant.library")))
    private val request = EngineRequest.of(sidecar.cpu, sidecar, bundle)

    @Test
    fun reproducesTheGoldenOutputsOfEveryVariant() {
        val check = GoldenCheck(sidecar, bundle)
        for (variant in sidecar.variants) for (threads in 1..2) {
            // The same kernels on the same machine; float sums may be split between threads.
            val strict = variant.copy(tolerance = variant.tolerance.mapValues { 1e-4 })
            // The host has a CPU only, which runs every variant's file.
            val request = EngineRequest.of(variant, sidecar, bundle, threads).copy(accelerator = Accelerator.CPU)
            engine.open(request).use { assertNull("${variant.name}, $threads", check.mismatch(it, strict)) }
        }
    }

    @Test
    fun missesTheGoldenOutputsWithAWrongMean() {
        val image = sidecar.image!!
        val rule = image.rule.copy(mean = image.rule.mean.map { it + 0.1 })
        val check = GoldenCheck(sidecar.copy(image = image.copy(rule = rule)), bundle)
        engine.open(request).use { assertNotNull(check.mismatch(it, sidecar.cpu)) }
    }

    @Test
    fun goldenOutputsCountWithoutADecoder() {
        val image = sidecar.image!!
        val rule = image.rule.copy(mean = image.rule.mean.map { it + 0.1 })
        for (unknown in listOf(null, UndecodedRule("heat_map"))) {
            val undecoded = sidecar.copy(decode = unknown)
            val wrong = undecoded.copy(image = image.copy(rule = rule))
            engine.open(request).use {
                assertNull(GoldenCheck(undecoded, bundle).mismatch(it, sidecar.cpu))
                assertNotNull(GoldenCheck(wrong, bundle).mismatch(it, sidecar.cpu))
            }
        }
    }

    @Test
    fun refusesAFileThatIsFurtherOffThanItMayBe() {
        val gpu = sidecar.variants.first { it.accelerator == Accelerator.GPU }
        val request = EngineRequest.of(gpu, sidecar, bundle).copy(accelerator = Accelerator.CPU)
        // As much as a quantized file of the same network may be off.
        val quantized = gpu.copy(tolerance = gpu.tolerance.mapValues { 3 * it.value })
        engine.open(request).use { session ->
            val disturbed = object : Session by session {
                override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
                    session.run(inputs, outputs)
                    for (output in outputs) {
                        val error = 2 * gpu.tolerance.getValue(output.info.name).toFloat()
                        for (i in output.floats.indices) output.floats[i] += error
                    }
                }
            }
            val check = GoldenCheck(sidecar, bundle)
            assertNull(check.mismatch(disturbed, quantized))
            assertNotNull(check.mismatch(disturbed, gpu))
        }
    }

    @Test
    fun timesEveryNumberOfThreadsAndRefusesTheGpuThatIsNotThere() {
        val results = AcceleratorLadder(engine, sidecar, bundle, System::nanoTime, listOf(1, 2)).measure()
        assertEquals(listOf("GPU", "CPU × 1", "CPU × 2"), results.map { it.rung.toString() })
        assertEquals(listOf(null, 20, 20), results.map { it.latency?.n })
        assertTrue(results.first().refusal, "compile for GPU" in results.first().refusal!!)
        assertTrue(results.drop(1).all { it.refusal == null && it.latency!!.median > 0 })
    }

    @Test
    fun aRungThatFailsWhileItRunsIsReplacedByTheNextOfTheSameAnswer() {
        var broken = false
        val failing = object : Engine {
            override fun open(request: EngineRequest): Session {
                val session = engine.open(request)
                if (request.threads == 1) return session
                return object : Session by session {
                    override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
                        if (broken) throw EngineException("the driver was reset")
                        session.run(inputs, outputs)
                    }
                }
            }
        }
        val ladder = AcceleratorLadder(failing, sidecar, bundle, System::nanoTime, listOf(2, 1))
        val order = ladder.rungs.filter { it.accelerator == Accelerator.CPU }
        ClimbingSession(ladder, order).use { session ->
            assertEquals("CPU × 2", session.rung.toString())
            broken = true
            assertNull(GoldenCheck(sidecar, bundle).mismatch(session, sidecar.cpu))
            assertEquals("CPU × 1", session.rung.toString())
            assertEquals(listOf("the driver was reset"), session.falls.map { it.reason })
        }
    }

    @Test
    fun benchmarksTheRealRuntime() {
        val probe = object : DeviceProbe {
            override fun memory() = MemoryUse(pssBytes = 1, nativeHeapBytes = 1)

            override fun thermal(): Thermal? = null
        }
        val ladder = AcceleratorLadder(engine, sidecar, bundle, System::nanoTime, listOf(1))
        val rung = ladder.rungs.first { it.accelerator == Accelerator.CPU }
        val benchmark = RungBenchmark(ladder, probe, System::nanoTime)
        val result = checkNotNull(benchmark.measure(rung))
        assertEquals(50, result.latency.n)
        assertTrue("$result", result.loadMs > 0 && result.firstRunMs > 0 && result.latency.median > 0)
        val long = benchmark.sustain(rung, SustainedPlan(durationMs = 1.0, everyMs = 0.5))
        assertTrue("$long", long.isWhole && long.samples.isNotEmpty() && long.failure == null)
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
        val variant = sidecar.cpu.copy(sha256 = sha256(file.readBytes()), sizeBytes = file.length())
        val described = request.copy(model = file, variant = variant)
        val error = assertThrows(EngineException::class.java) { engine.open(described) }
        assertTrue(error.message, "cannot read the model" in error.message!!)
    }

    @Test
    fun refusesAMissingModel() {
        assertThrows(EngineException::class.java) { engine.open(request.copy(model = File(bundle, "none"))) }
    }

    @Test
    fun refusesAnAcceleratorThatIsNotThere() = listOf(Accelerator.GPU, Accelerator.NPU).forEach {
        assertThrows(EngineException::class.java) { engine.open(request.copy(accelerator = it)).close() }
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
