package dev.decant.core

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class AcceleratorLadderTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var bundle: AddingBundle

    @Before
    fun writeBundle() {
        bundle = AddingBundle(temporary.root)
    }

    private fun names(rungs: List<Rung>) = rungs.map { it.toString() }

    private val both = mapOf(Accelerator.GPU to 1f, Accelerator.CPU to 1f)

    @Test
    fun triesTheGpuAndEveryNumberOfThreadsButNoNpu() {
        val engine = AddingEngine(Accelerator.entries.associateWith { 1f })
        val results = bundle.ladder(engine, threads = listOf(1, 2, 4)).measure()
        assertEquals(listOf("GPU", "CPU × 1", "CPU × 2", "CPU × 4"), names(results.map { it.rung }))
        assertEquals(0, engine.open)
    }

    @Test
    fun aProcessorWithoutSoManyCoresIsNotTriedWithMoreThreads() {
        assertEquals(listOf(1), AcceleratorLadder.threadCounts(cores = 1))
        assertEquals(listOf(1, 2), AcceleratorLadder.threadCounts(cores = 3))
        assertEquals(listOf(1, 2, 4), AcceleratorLadder.threadCounts(cores = 8))
    }

    @Test
    fun beginsWithTheFastestThoughTheGpuIsThere() {
        val engine = AddingEngine(both)
        engine.runNs += mapOf("GPU" to 9_000_000, "CPU × 1" to 12_000_000, "CPU × 2" to 7_000_000)
        val results = bundle.ladder(engine).measure()
        assertEquals(listOf("CPU × 2", "GPU", "CPU × 1"), names(results.inOrder(RungChoice())))
        assertEquals(Latency(9.0, 9.0, 9.0, 20), results.first().latency)
    }

    @Test
    fun whatTheUserChoseComesFirstAndTheOthersFollowByTime() {
        val engine = AddingEngine(both)
        engine.runNs += mapOf("GPU" to 9_000_000, "CPU × 1" to 12_000_000, "CPU × 2" to 7_000_000)
        val results = bundle.ladder(engine).measure()
        fun order(choice: RungChoice) = names(results.inOrder(choice))
        assertEquals(listOf("GPU", "CPU × 2", "CPU × 1"), order(RungChoice(Accelerator.GPU)))
        assertEquals(listOf("CPU × 1", "CPU × 2", "GPU"), order(RungChoice(Accelerator.CPU, threads = 1)))
        assertEquals(listOf("CPU × 2", "CPU × 1", "GPU"), order(RungChoice(Accelerator.CPU)))
    }

    @Test
    fun aRefusedRungIsNotTakenThoughTheUserChoseIt() {
        val engine = AddingEngine(mapOf(Accelerator.CPU to 1f))
        val order = bundle.ladder(engine).measure().inOrder(RungChoice(Accelerator.GPU))
        assertEquals(listOf("CPU × 1", "CPU × 2"), names(order))
    }

    @Test
    fun keepsTheReasonOfEveryRefusalAndClosesWhatItRefuses() {
        val engine = AddingEngine(mapOf(Accelerator.GPU to Float.NaN, Accelerator.CPU to 1f))
        val told = mutableListOf<RungResult>()
        val results = bundle.ladder(engine, threads = listOf(1)).measure { told += it }
        assertTrue(results[0].refusal, "y[0] is NaN" in results[0].refusal!!)
        assertNull(results[0].latency)
        assertNull(results[1].refusal)
        assertEquals(results, told)
        assertEquals(0, engine.open)
    }

    @Test
    fun aRungThatFailsWhileItIsTimedIsRefused() {
        val engine = AddingEngine(both)
        var gpuRuns = 0
        engine.beforeRun = { if (it == "GPU" && ++gpuRuns == 10) throw EngineException("the GPU is lost") }
        assertEquals("the GPU is lost", bundle.ladder(engine).measure().first().refusal)
        assertEquals(0, engine.open)
    }

    @Test
    fun holdsEachVariantToItsOwnTolerance() {
        val engine = AddingEngine(mapOf(Accelerator.GPU to 1.2f, Accelerator.CPU to 1.2f))
        val variants = listOf(bundle.variant(Accelerator.GPU), bundle.variant(Accelerator.CPU, allowed = 0.3))
        val results = bundle.ladder(engine, bundle.sidecar.copy(variants = variants)).measure()
        assertEquals(listOf("CPU × 1", "CPU × 2"), names(results.inOrder(RungChoice())))
    }

    @Test
    fun holdsEachVariantToItsOwnGoldenOutputs() {
        val gpus = bundle.golden(mapOf(Accelerator.GPU to bundle.tensorFile("o2", 4f, 5f)))
        val engine = AddingEngine(mapOf(Accelerator.GPU to 3f, Accelerator.CPU to 3f))
        val results = bundle.ladder(engine, bundle.sidecar.copy(golden = listOf(gpus))).measure()
        assertEquals(listOf("GPU"), names(results.inOrder(RungChoice())))
    }

    @Test
    fun tellsEveryReasonWhenNothingFits() {
        val engine = AddingEngine(mapOf(Accelerator.CPU to 5f))
        val variants = listOf(bundle.variant(Accelerator.CPU), bundle.variant(Accelerator.GPU, sha256 = "0"))
        val ladder = bundle.ladder(engine, bundle.sidecar.copy(variants = variants))
        val error = assertThrows(LadderException::class.java) { ladder.measure() }
        val model = File(temporary.root, "m")
        assertTrue(error.message, "GPU: $model: is not the file" in error.message!!)
        assertTrue(error.message, "CPU × 2: golden outputs differ" in error.message!!)
        assertEquals(0, engine.open)
    }

    @Test
    fun refusesADamagedOrMissingGoldenFile() {
        val engine = AddingEngine(mapOf(Accelerator.CPU to 1f))
        val file = File(temporary.root, "i")
        for (damage in listOf({ file.writeBytes(floats(1f, 9f)) }, { check(file.delete()) })) {
            damage()
            val error = assertThrows(SidecarException::class.java) { bundle.ladder(engine).measure() }
            assertTrue(error.message, error.message!!.startsWith("i: is not the file"))
        }
        assertEquals(0, engine.open)
    }
}
