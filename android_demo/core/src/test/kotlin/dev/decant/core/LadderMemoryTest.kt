package dev.decant.core

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNull
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class LadderMemoryTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var ladder: AcceleratorLadder
    private lateinit var results: List<RungResult>
    private val file by lazy { File(temporary.root, "ladder/memory.json") }
    private val memory by lazy { LadderMemory(file) }

    @Before
    fun measure() {
        val engine = AddingEngine(mapOf(Accelerator.CPU to 1f))
        ladder = AddingBundle(temporary.root).ladder(engine)
        results = ladder.measure()
    }

    @Test
    fun givesBackWhatWasMeasuredRefusalsToo() {
        memory.save("key", results)
        assertEquals(results, memory.load("key", ladder.rungs))
        assertEquals(listOf("memory.json"), file.parentFile.list()?.toList())
    }

    @Test
    fun anotherKeyOrOtherRungsAreMeasuredAgain() {
        memory.save("key", results)
        assertNull(memory.load("other", ladder.rungs))
        assertNull(memory.load("key", ladder.rungs.drop(1)))
        assertNull(memory.load("key", ladder.rungs + Rung(ladder.rungs.last().variant, threads = 4)))
    }

    @Test
    fun theKeyChangesWithTheBundleTheAppAndTheSystem() {
        val key = LadderMemory.key("bundle", "1.0", "Android 16")
        assertEquals(key, LadderMemory.key("bundle", "1.0", "Android 16"))
        assertNotEquals(key, LadderMemory.key("other", "1.0", "Android 16"))
        assertNotEquals(key, LadderMemory.key("bundle", "1.1", "Android 16"))
        assertNotEquals(key, LadderMemory.key("bundle", "1.0", "Android 17"))
    }

    @Test
    fun aMissingOrDamagedFileIsMeasuredAgain() {
        assertNull(memory.load("key", ladder.rungs))
        memory.save("key", results)
        val text = file.readText()
        val damages = listOf(
            text.take(text.length / 2), "[]", text.replace("\"median\"", "\"mean\""),
            text.replace("\"schema\":1", "\"schema\":2"), text.replace("\"cpu\"", "\"tpu\""),
            text.replace("\"refusal\":null", "\"refusal\":\"no\""),
        )
        for (damaged in damages) {
            assertNotEquals(text, damaged)
            file.writeText(damaged)
            assertNull(damaged, memory.load("key", ladder.rungs))
        }
    }

    @Test
    fun forgets() {
        for (forget in listOf(memory::forget, memory::forgetResults)) {
            memory.save("key", results)
            forget()
            assertNull(memory.load("key", ladder.rungs))
        }
    }

    @Test
    fun onlyTheUserMakesItForgetWhatEndedTheApp() {
        val tried = memory.files.last()
        memory.guard("key").trying(ladder.rungs.first()) {
            memory.forgetResults()
            assertEquals(listOf(tried), file.parentFile.listFiles()?.toList())
            memory.forget()
            assertEquals(emptyList<File>(), file.parentFile.listFiles()?.toList())
        }
    }
}
