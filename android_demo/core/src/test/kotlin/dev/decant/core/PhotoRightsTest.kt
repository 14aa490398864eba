package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Test

class PhotoRightsTest {
    /** A phone: what it holds, what it was asked, and what its picker offers. */
    private class Phone(private val offers: Boolean = true, vararg held: String) : PhotoRights {
        val rights = held.toMutableSet()
        val asked = mutableListOf<String>()

        override fun held(): Set<String> = rights.toSet()

        override fun take(photo: String) {
            asked += "take $photo"
            if (offers) rights += photo
        }

        override fun release(photo: String) {
            asked += "release $photo"
            check(rights.remove(photo)) { "a phone throws where nothing is held" }
        }
    }

    @Test
    fun aNewPhotoTakesThePlaceOfTheLast() {
        val phone = Phone()
        phone.holdOnly("a")
        phone.holdOnly("b")
        assertEquals(setOf("b"), phone.rights)
    }

    @Test
    fun whatIsLeftOfEarlierRunsIsReleased() {
        val phone = Phone(true, "a", "b", "c")
        phone.holdOnly("b")
        assertEquals(listOf("release a", "release c"), phone.asked)
        phone.holdOnly(null)
        assertEquals(emptySet<String>(), phone.rights)
    }

    @Test
    fun aPickerNeedNotOfferIt() {
        val phone = Phone(offers = false)
        phone.holdOnly("a")
        phone.holdOnly(null)
        assertEquals(listOf("take a"), phone.asked)
    }
}
