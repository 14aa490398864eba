package dev.decant.core

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class CrashGuardTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var bundle: AddingBundle
    private lateinit var rungs: List<Rung>
    private val file by lazy { File(temporary.root, "ladder/tried") }
    private val engine = AddingEngine(mapOf(Accelerator.GPU to 1f, Accelerator.CPU to 1f))

    @Before
    fun writeBundle() {
        bundle = AddingBundle(temporary.root)
        rungs = bundle.ladder(engine).rungs
    }

    private fun guard(key: String = "key") = CrashGuard(file, key)

    /** The app ends while [rung] is tried: what lies in the file then is what the next start finds. */
    private fun crash(rung: Rung, key: String = "key") {
        val left = guard(key).trying(rung) { file.readBytes() }
        file.writeBytes(left)
    }

    private fun measured(key: String = "key"): List<RungResult> =
        AcceleratorLadder(engine, bundle.sidecar, temporary.root, { engine.clock }, listOf(1), guard(key)).measure()

    @Test
    fun aRungThatEndedTheAppTwiceIsNotTriedAThirdTime() {
        repeat(2) { crash(rungs.first()) }
        val (gpu, cpu) = measured()
        assertEquals("the app ended 2 times while this was tried; measure again to try it once more", gpu.refusal)
        assertTrue("$cpu", cpu.latency != null)
        assertTrue("${engine.opened}", "GPU" !in engine.opened)
    }

    @Test
    fun onceMayHaveBeenTheUser() {
        crash(rungs.first())
        assertEquals(emptyList<String>(), measured().mapNotNull { it.refusal })
        assertTrue("what works is forgiven", !file.exists())
    }

    @Test
    fun eachRungIsCountedByItself() {
        for (rung in rungs) crash(rung)
        assertEquals(emptyList<String>(), measured().mapNotNull { it.refusal })
    }

    @Test
    fun aRungThatIsRefusedInWordsHasNotEndedTheApp() {
        engine.beforeRun = { if (it == "GPU") throw EngineException("the GPU is lost") }
        repeat(3) { assertEquals("the GPU is lost", measured().first().refusal) }
        assertTrue(!file.exists())
    }

    @Test
    fun anotherRuntimeIsTriedAnew() {
        repeat(2) { crash(rungs.first(), "before") }
        assertEquals(emptyList<String>(), measured("after").mapNotNull { it.refusal })
    }

    @Test
    fun whereNothingCanBeNotedARungIsTriedAllTheSame() {
        file.parentFile.writeText("no folder")
        assertEquals(emptyList<String>(), measured().mapNotNull { it.refusal })
        assertThrows(EngineException::class.java) {
            guard().trying<Unit>(rungs.first()) { throw EngineException("as is") }
        }
    }

    @Test
    fun aRungThatCrashedWhenItWasOpenedIsPassedOver() {
        repeat(2) { crash(rungs.first()) }
        val ladder =
            AcceleratorLadder(engine, bundle.sidecar, temporary.root, { engine.clock }, listOf(1), guard())
        ClimbingSession(ladder, ladder.rungs).use { assertEquals("CPU × 1", it.rung.toString()) }
    }
}
