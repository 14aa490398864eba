package dev.decant.core

import java.io.FileNotFoundException
import java.util.concurrent.CancellationException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class FailuresTest {
    private fun told(error: Exception): String? = reporting<String?>({ it }) { throw error }

    @Test
    fun saysWhatWasRefused() {
        val refusals = listOf(
            FileNotFoundException("gone"),
            SecurityException("gone"),
            IllegalArgumentException("gone"),
            EngineException("gone"),
            SidecarException("gone"),
        )
        for (error in refusals) assertEquals("gone", told(error))
        val cpu = Variant(Accelerator.CPU, "v", "m", "", 0, emptyMap())
        val none = LadderException(listOf(RungResult(Rung(cpu, threads = 2), null, "gone")))
        assertEquals("no accelerator can run the model: CPU × 2: gone", told(none))
        assertEquals("java.lang.SecurityException", told(SecurityException()))
    }

    @Test
    fun saysThatThereIsTooLittleMemory() {
        val told = reporting<String>({ it }) { throw OutOfMemoryError("a tensor of 400 MB") }
        assertTrue(told, "too little memory left (a tensor of 400 MB); close other apps" in told)
    }

    @Test
    fun anAppThatFailsToHandOutADocumentIsTold() {
        val told = reporting<String>({ it }) {
            onDocument("cards.zip") { throw UnsupportedOperationException("mode wt") }
        }
        val reason = "java.lang.UnsupportedOperationException: mode wt"
        assertEquals("cards.zip: the app that has it fails ($reason); choose another place", told)
        for (error in listOf(SecurityException("no"), IllegalArgumentException("no"), CancellationException("no"))) {
            assertSame(error, assertThrows(error.javaClass) { onDocument("cards.zip") { throw error } })
        }
    }

    @Test
    fun cancellationsAndFaultsOfTheAppGoOn() {
        assertThrows(CancellationException::class.java) { told(CancellationException("left")) }
        assertThrows(IndexOutOfBoundsException::class.java) { told(IndexOutOfBoundsException("ours")) }
    }
}
