package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Test

class CameraFaultTest {
    @Test
    fun tellsWhatTheUserCanDoSomethingAbout() {
        // In the order of CameraX's codes: cameras in use, in use, recoverable, streams, disabled, fatal, silence.
        val faults = (1..7).map { CameraFault.of(it).name }
        val expected = listOf("IN_USE", "IN_USE", "FAILED", "FAILED", "DISABLED", "FAILED", "DO_NOT_DISTURB")
        assertEquals(expected, faults)
    }

    @Test
    fun aCodeOfALaterVersionIsAFailure() {
        for (code in listOf(0, 8, -1)) assertEquals(CameraFault.FAILED, CameraFault.of(code))
    }
}
