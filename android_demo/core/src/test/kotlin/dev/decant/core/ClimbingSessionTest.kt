package dev.decant.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class ClimbingSessionTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var bundle: AddingBundle
    private val engine = AddingEngine(mapOf(Accelerator.GPU to 1f, Accelerator.CPU to 1f))
    private val falls = mutableListOf<Fall>()

    @Before
    fun writeBundle() {
        bundle = AddingBundle(temporary.root)
    }

    /** On GPU, CPU × 1, CPU × 2, in this order. */
    private fun session(): ClimbingSession {
        val ladder = bundle.ladder(engine)
        return ClimbingSession(ladder, ladder.rungs) { falls += it }
    }

    private fun ClimbingSession.answer(): FloatArray {
        val outputs = bundle.outputs()
        run(bundle.inputs(), outputs)
        return outputs[0].floats
    }

    private fun fail(vararg names: String) {
        engine.beforeRun = { if (it in names) throw EngineException("$it is lost") }
    }

    @Test
    fun theNextRungAnswersTheFrameThatTheFirstOneFailedAt() {
        session().use { session ->
            assertEquals("GPU", session.rung.toString())
            fail("GPU")
            assertArrayEquals(floatArrayOf(11f, 21f), session.answer(), 0f)
            assertEquals("CPU × 1", session.rung.toString())
            assertEquals(listOf("GPU" to "GPU is lost"), falls.map { it.from.toString() to it.reason })
            assertEquals(falls, session.falls)
            assertEquals("the failed one is closed", 1, engine.open)
        }
        assertEquals(0, engine.open)
    }

    /** Gives [value] in place of its second number once it runs on the GPU. */
    private fun lying(value: Float) = object : Engine {
        override fun open(request: EngineRequest): Session {
            val session = engine.open(request)
            var runs = 0
            return object : Session by session {
                override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
                    session.run(inputs, outputs)
                    // The first run is the check against the golden outputs.
                    if (request.accelerator == Accelerator.GPU && ++runs > 1) outputs[0].floats[1] = value
                }
            }
        }
    }

    @Test
    fun aRungThatGivesWhatIsNotFiniteIsLeft() {
        for (value in listOf(Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY)) {
            val ladder = AcceleratorLadder(lying(value), bundle.sidecar, temporary.root, { 0L }, listOf(1))
            ClimbingSession(ladder, ladder.rungs) { falls += it }.use { session ->
                assertArrayEquals(floatArrayOf(11f, 21f), session.answer(), 0f)
                assertEquals("CPU × 1", session.rung.toString())
            }
            assertEquals("output y has a number that is not finite ($value)", falls.last().reason)
        }
    }

    @Test
    fun aLowerRungThatCannotBeOpenedIsPassedOver() {
        session().use { session ->
            fail("GPU", "CPU × 1")
            session.answer()
            assertEquals("CPU × 2", session.rung.toString())
            assertEquals(setOf("GPU", "CPU × 1"), falls.map { it.from.toString() }.toSet())
        }
    }

    @Test
    fun theLowestRungStaysOpenAndMayRecover() {
        session().use { session ->
            fail("GPU", "CPU × 1", "CPU × 2")
            val opened = { engine.opened.size }
            repeat(2) {
                val error = assertThrows(EngineException::class.java) { session.answer() }
                assertEquals("GPU is lost", error.message)
            }
            val tries = opened()
            assertThrows(EngineException::class.java) { session.answer() }
            assertEquals("what could not be opened is not tried for every frame", tries, opened())
            fail()
            assertArrayEquals(floatArrayOf(11f, 21f), session.answer(), 0f)
        }
    }

    @Test
    fun aFirstRungThatCannotBeOpenedIsPassedOver() {
        fail("GPU")
        session().use { assertEquals("CPU × 1", it.rung.toString()) }
        assertEquals("GPU is lost", falls.single().reason)
    }

    @Test
    fun tellsEveryReasonWhereNothingOpens() {
        fail("GPU", "CPU × 1", "CPU × 2")
        val error = assertThrows(LadderException::class.java) { session() }
        assertTrue(error.message, "CPU × 2: CPU × 2 is lost" in error.message!!)
        assertEquals(0, engine.open)
    }
}
