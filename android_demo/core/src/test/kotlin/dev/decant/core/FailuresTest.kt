package dev.decant.core

import java.io.FileNotFoundException
import java.util.concurrent.CancellationException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
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
    fun cancellationsAndFaultsOfTheAppGoOn() {
        assertThrows(CancellationException::class.java) { told(CancellationException("left")) }
        assertThrows(IndexOutOfBoundsException::class.java) { told(IndexOutOfBoundsException("ours")) }
    }
}
