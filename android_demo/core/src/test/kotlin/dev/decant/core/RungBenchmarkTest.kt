package dev.decant.core

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.ObjectInputStream
import java.io.ObjectOutputStream
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class RungBenchmarkTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var bundle: AddingBundle
    private val engine = AddingEngine(mapOf(Accelerator.GPU to 1f, Accelerator.CPU to 1f))
    private var cancelled = false
    private var heat: Thermal? = Thermal.NONE
    private var pss = 1_000L

    private val probe = object : DeviceProbe {
        override fun memory() = MemoryUse(pss, nativeHeapBytes = pss / 10)

        override fun thermal() = heat
    }

    @Before
    fun writeBundle() {
        bundle = AddingBundle(temporary.root)
    }

    private val ladder by lazy { bundle.ladder(engine) }
    private val benchmark by lazy { RungBenchmark(ladder, probe, { engine.clock }, { cancelled }) }

    private fun rung(name: String) = ladder.rungs.first { it.toString() == name }

    private fun result() = checkNotNull(benchmark.measure(rung("CPU × 2")))

    /** Every run takes [ms], the first one three times as long. */
    private fun runsTake(ms: Long) {
        engine.runNs["CPU × 2"] = ms * 1_000_000
        var runs = 0
        engine.beforeRun = { if (++runs == 1) engine.clock += 2 * ms * 1_000_000 }
    }

    @Test
    fun tellsTheFirstRunFromTheOthers() {
        runsTake(4)
        val result = result()
        assertEquals(12.0, result.firstRunMs, 1e-9)
        assertEquals(Latency(4.0, 4.0, 4.0, 50), result.latency)
        assertEquals(Accelerator.CPU to 2, result.accelerator to result.threads)
        assertEquals(0, engine.open)
    }

    @Test
    fun countsLoadingAndWhatTheModelTakesOfTheMemory() {
        val loading = object : Engine {
            override fun open(request: EngineRequest): Session {
                engine.clock += 250_000_000
                pss = 5_000
                return engine.open(request)
            }
        }
        val ladder = AcceleratorLadder(loading, bundle.sidecar, temporary.root, { engine.clock }, listOf(1))
        val result = RungBenchmark(ladder, probe, { engine.clock }).measure(ladder.rungs.last())!!
        assertEquals(250.0, result.loadMs, 1e-9)
        assertEquals(MemoryUse(1_000, 100) to MemoryUse(5_000, 500), result.before to result.after)
    }

    @Test
    fun refusesARungThatGivesOtherOutputs() {
        val wrong = AddingEngine(mapOf(Accelerator.CPU to 2f))
        val ladder = bundle.ladder(wrong)
        val benchmark = RungBenchmark(ladder, probe, { 0L })
        val error = assertThrows(EngineException::class.java) { benchmark.measure(ladder.rungs.last()) }
        assertTrue(error.message, "golden outputs differ" in error.message!!)
        assertEquals(0, wrong.open)
    }

    @Test
    fun canBeCancelled() {
        var runs = 0
        engine.beforeRun = { cancelled = ++runs == 10 }
        assertNull(benchmark.measure(rung("CPU × 2")))
        assertEquals(10, runs)
        assertEquals(0, engine.open)
    }

    private val plan = SustainedPlan(durationMs = 100.0, everyMs = 20.0)

    @Test
    fun aLongRunTellsHowItGoesOverTime() {
        engine.runNs["CPU × 2"] = 5_000_000
        val told = mutableListOf<SustainedSample>()
        val result = benchmark.sustain(rung("CPU × 2"), plan) { sample ->
            told += sample
            if (told.size == 2) {
                engine.runNs["CPU × 2"] = 10_000_000
                heat = Thermal.SEVERE
            }
        }
        assertTrue(result.isWhole)
        assertEquals(told, result.samples)
        assertEquals(listOf(20.0, 40.0, 60.0, 80.0, 100.0), told.map { it.elapsedMs })
        assertEquals(listOf(4, 4, 2, 2, 2), told.map { it.latency.n })
        assertEquals(listOf(Thermal.NONE, Thermal.NONE, Thermal.SEVERE), told.take(3).map { it.thermal })
        assertEquals(2.0, result.slowdown)
        assertEquals(0, engine.open)
    }

    @Test
    fun aLongRunThatIsCancelledKeepsWhatItHas() {
        engine.runNs["CPU × 2"] = 5_000_000
        var runs = 0
        engine.beforeRun = { cancelled = ++runs == 8 }
        val result = benchmark.sustain(rung("CPU × 2"), plan)
        assertTrue(!result.isWhole && result.failure == null)
        // One run was the check against the golden outputs; the last sample is shorter.
        assertEquals(listOf(4, 3), result.samples.map { it.latency.n })
        assertEquals(35.0, result.samples.last().elapsedMs, 1e-9)
    }

    @Test
    fun aLongRunThatFailsSaysSoAndKeepsWhatItHas() {
        engine.runNs["CPU × 2"] = 5_000_000
        var runs = 0
        engine.beforeRun = { if (++runs == 8) throw EngineException("too hot") }
        val result = benchmark.sustain(rung("CPU × 2"), plan)
        assertEquals("too hot", result.failure)
        assertEquals(listOf(4), result.samples.map { it.latency.n })
        assertEquals(0, engine.open)
    }

    @Test
    fun aRunThatIsLongerThanASampleIsASampleOfItsOwn() {
        engine.runNs["CPU × 2"] = 70_000_000
        val samples = benchmark.sustain(rung("CPU × 2"), plan).samples
        assertEquals(listOf(70.0, 140.0), samples.map { it.elapsedMs })
    }

    @Test
    fun resultsOutlastTheProcess() {
        val all = listOf(result(), benchmark.sustain(rung("GPU"), plan))
        val bytes = ByteArrayOutputStream().also { ObjectOutputStream(it).use { out -> out.writeObject(ArrayList(all)) } }
        assertEquals(all, ObjectInputStream(ByteArrayInputStream(bytes.toByteArray())).readObject())
    }

    private fun export(results: List<BenchmarkResult>, sustained: List<SustainedResult>): JsonObject {
        val export = BenchmarkExport(
            bundle.sidecar, AppInfo("dev.decant.demo", "1.0", "Android"), Machine("Pixel", "arm64-v8a", "Android 16", 8),
        )
        return JsonParser.parseString(export.write(results, sustained, createdMs = 0)).asJsonObject
    }

    @Test
    fun theExportHasEveryFigureUnderItsFile() {
        runsTake(4)
        val json = export(listOf(result()), emptyList())
        assertEquals(2, json.get("schema").asInt)
        assertEquals("decant-benchmark", json.get("kind").asString)
        assertEquals("1970-01-01T00:00:00.000Z", json.get("created").asString)
        assertEquals("Pixel", json.getAsJsonObject("machine").get("device").asString)
        val candidate = json.getAsJsonArray("candidates").single().asJsonObject
        assertEquals("cpu" to bundle.sidecar.cpu.sha256, candidate.get("accelerator").asString to candidate.get("sha256").asString)
        val run = """{"threads":2,"load_ms":0.0,"first_run_ms":12.0,
            "latency_ms":{"median":4.0,"p90":4.0,"p99":4.0,"n":50},
            "memory_before":{"pss_bytes":1000,"native_heap_bytes":100},
            "memory_after":{"pss_bytes":1000,"native_heap_bytes":100}}"""
        assertEquals(JsonParser.parseString(run), candidate.getAsJsonArray("runs").single())
    }

    @Test
    fun theExportHasTheSamplesOfALongRun() {
        heat = null
        engine.runNs["GPU"] = 50_000_000
        val json = export(emptyList(), listOf(benchmark.sustain(rung("GPU"), plan)))
        assertEquals(0, json.getAsJsonArray("candidates").size())
        val sample = """{"elapsed_ms":50.0,"latency_ms":{"median":50.0,"p90":50.0,"p99":50.0,"n":1},"thermal":null,
            "memory":{"pss_bytes":1000,"native_heap_bytes":100}}"""
        val run = json.getAsJsonArray("sustained").single().asJsonObject
        assertEquals(JsonParser.parseString(sample), run.getAsJsonArray("samples").first())
        assertEquals("gpu" to true, run.get("accelerator").asString to run.get("whole").asBoolean)
        assertTrue(run.get("threads").isJsonNull && run.get("failure").isJsonNull)
    }

    @Test
    fun knowsAndroidsThermalStates() {
        assertEquals(Thermal.SEVERE, Thermal.of(3))
        assertNull(Thermal.of(9))
        assertNull(Thermal.of(-1))
    }
}
