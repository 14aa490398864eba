package dev.decant.core

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class ProgramCacheTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private fun cache(runtime: String = "1") = ProgramCache(temporary.root, runtime)

    private fun folder(sha256: String, runtime: String = "1"): File = cache(runtime).using(sha256) { it }

    @Test
    fun everyFileAndEveryRuntimeHasAFolderOfItsOwn() {
        val folder = folder("a")
        assertTrue(folder.isDirectory)
        assertEquals(folder, folder("a"))
        assertNotEquals(folder, folder("b"))
        assertNotEquals(folder, folder("a", runtime = "2"))
    }

    @Test
    fun oldHashesAndOldRuntimesAreRemoved() {
        val kept = folder("a")
        File(kept, "program").writeText("compiled")
        File(folder("b"), "program").writeText("compiled")
        folder("a", runtime = "2")
        cache().keepOnly(listOf("a", "c"))
        assertEquals(listOf(kept), temporary.root.listFiles()?.toList())
        assertTrue(File(kept, "program").isFile)
    }

    @Test
    fun programsThatCannotBeLoadedAreCompiledAgain() {
        val old = File(folder("a"), "program").apply { writeText("damaged") }
        val made = cache().using("a") {
            if (old.exists()) throw EngineException("cannot read the program")
            File(it, "program").apply { writeText("compiled") }
        }
        assertEquals("compiled", made.readText())
    }

    @Test
    fun aFailureWithoutProgramsIsTheCallers() {
        var tries = 0
        assertThrows(EngineException::class.java) {
            cache().using("a") {
                tries++
                throw EngineException("there is no GPU")
            }
        }
        assertEquals(1, tries)
    }
}
