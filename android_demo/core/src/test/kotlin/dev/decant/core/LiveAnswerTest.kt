package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class LiveAnswerTest {
    private val shown = LiveAnswer<String>().restarted(nowNs = 5_000_000_000).let { it.answered(it.run, "card") }
        .let { it.drawn(checkNotNull(it.answer), 70.0) }

    @Test
    fun showsTheLatestAnswerWithItsTime() {
        assertEquals("card", shown.answer)
        assertEquals(70.0, shown.shutterToScreenMs)
        val next = shown.answered(shown.run, "page")
        assertEquals("page", next.answer)
    }

    @Test
    fun aCameraThatIsLeftRestartedOrSwitchedShowsNothingOfBefore() {
        val after = shown.restarted(nowNs = 9_000_000_000)
        assertNull(after.answer)
        assertNull(after.shutterToScreenMs)
    }

    @Test
    fun anAnswerThatIsStillOnItsWayWhenTheCameraIsLeftIsDropped() {
        val after = shown.restarted(nowNs = 9_000_000_000)
        assertEquals(after, after.answered(shown.run, "late"))
        assertEquals(after, after.drawn("late", 4_000.0))
    }

    @Test
    fun aFrameThatWasExposedBeforeTheRunIsNotOfIt() {
        val after = shown.restarted(nowNs = 9_000_000_000)
        assertTrue(after.includes(ageMs = 499.0, nowNs = 9_500_000_000))
        assertTrue(!after.includes(ageMs = 501.0, nowNs = 9_500_000_000))
        assertTrue(after.includes(ageMs = null, nowNs = 9_500_000_000))
        assertTrue(LiveAnswer<String>().includes(ageMs = 501.0, nowNs = -3))
    }

    @Test
    fun aTimeThatComesAfterTheNextAnswerIsNotThatAnswers() {
        // Equal in content, but another frame.
        val (first, second) = listOf(String(charArrayOf('a')), String(charArrayOf('a')))
        val state = LiveAnswer<String>().answered(0, first).answered(0, second)
        assertNull(state.drawn(first, 50.0).shutterToScreenMs)
    }
}
