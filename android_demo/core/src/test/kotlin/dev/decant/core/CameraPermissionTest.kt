package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class CameraPermissionTest {
    private val new = CameraPermission()
    private val refusedOnce = new.answered(granted = false, explains = true)

    @Test
    fun isAskedForFirst() = assertEquals(PermissionOffer.ASK, new.offer)

    @Test
    fun aQuestionThatWasLeftIsNoRefusalForGood() {
        val left = new.answered(granted = false, explains = false)
        assertEquals(PermissionOffer.ASK, left.offer)
        assertEquals(PermissionOffer.ASK_OR_SETTINGS, left.answered(granted = false, explains = false).offer)
    }

    @Test
    fun aRefusalCanBeAskedAboutAgain() = assertEquals(PermissionOffer.ASK, refusedOnce.offer)

    @Test
    fun theSecondRefusalIsForGood() {
        assertEquals(PermissionOffer.SETTINGS, refusedOnce.answered(granted = false, explains = false).offer)
    }

    @Test
    fun aRefusalForGoodIsKnownAfterANewStartFromTheOneBefore() {
        val remembered = CameraPermission(wasRefused = refusedOnce.wasRefused).seen(granted = false, explains = false)
        assertEquals(PermissionOffer.ASK, remembered.offer)
        assertEquals(PermissionOffer.SETTINGS, remembered.answered(granted = false, explains = false).offer)
    }

    @Test
    fun aRefusalOfAnEarlierStartIsSeen() {
        val seen = new.seen(granted = false, explains = true)
        assertEquals(PermissionOffer.SETTINGS, seen.answered(granted = false, explains = false).offer)
    }

    @Test
    fun whoeverWasSentToTheSettingsCanBeAskedAgain() {
        val back = refusedOnce.answered(granted = false, explains = false).sentToSettings()
            .seen(granted = false, explains = false)
        assertEquals(PermissionOffer.ASK_OR_SETTINGS, back.offer)
        assertEquals(PermissionOffer.SETTINGS, back.answered(granted = false, explains = false).offer)
        assertTrue(back.seen(granted = true, explains = false).isAllowed)
    }

    @Test
    fun whatWasAllowedOnceAndIsNoMoreBeginsAnew() {
        val allowed = refusedOnce.answered(granted = true, explains = false)
        assertEquals(CameraPermission(isAllowed = true), allowed)
        assertEquals(new, allowed.seen(granted = false, explains = false))
        assertEquals(new, new.seen(granted = false, explains = false))
    }

    @Test
    fun takesTheCameraThatIsWantedOrElseTheOther() {
        val both = CameraFacing.entries.toSet()
        for (wanted in both) {
            assertEquals(wanted, wanted.among(both))
            assertEquals(wanted.other, wanted.among(setOf(wanted.other)))
            assertEquals(null, wanted.among(emptySet()))
        }
    }
}
