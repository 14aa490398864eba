package dev.decant.core

import java.io.FileNotFoundException
import java.io.IOException
import java.util.concurrent.CancellationException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Test

class PhotoFaultTest {
    private fun faultOf(action: () -> Any?): PhotoFault =
        assertThrows(PhotoException::class.java) { onPhoto(action) }.fault

    @Test
    fun saysWhatAProviderThrows() {
        val faults = mapOf(
            SecurityException("no grant") to PhotoFault.NOT_ALLOWED,
            FileNotFoundException("gone") to PhotoFault.GONE,
            IOException("offline") to PhotoFault.PROVIDER_FAILED,
            IllegalStateException("closed") to PhotoFault.PROVIDER_FAILED,
            IllegalArgumentException("unknown") to PhotoFault.PROVIDER_FAILED,
            UnsupportedOperationException("not here") to PhotoFault.PROVIDER_FAILED,
            NullPointerException() to PhotoFault.PROVIDER_FAILED,
            PhotoException(PhotoFault.EMPTY) to PhotoFault.EMPTY,
        )
        for ((error, fault) in faults) assertEquals("$error", fault, faultOf { throw error })
    }

    @Test
    fun saysThatThereIsTooLittleMemory() {
        // A real one: no array is as long as this.
        assertEquals(PhotoFault.TOO_LITTLE_MEMORY, faultOf { IntArray(Int.MAX_VALUE) })
        assertEquals(PhotoFault.TOO_LITTLE_MEMORY, faultOf { throw OutOfMemoryError("bitmap") })
    }

    @Test
    fun aCancellationGoesOn() {
        val left = CancellationException("left")
        assertSame(left, assertThrows(CancellationException::class.java) { onPhoto { throw left } })
    }

    @Test
    fun reportingTakesAPhotoFault() {
        val told = reporting<String?>({ it }) { throw PhotoException(PhotoFault.CUT_SHORT) }
        assertEquals("the photo cannot be used: cut short", told)
    }
}
