package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Test

class WindowLayoutTest {
    private fun layout(width: Int, height: Int) = WindowLayout.of(width.toFloat(), height.toFloat())

    @Test
    fun aPhoneThatStandsHasItsTabsBelow() =
        assertEquals(WindowLayout(hasRail = false, isSideBySide = false), layout(411, 891))

    @Test
    fun aPhoneThatLiesHasARailAndThingsSideBySide() {
        for ((width, height) in listOf(891 to 411, 568 to 320)) {
            assertEquals(WindowLayout(hasRail = true, isSideBySide = true), layout(width, height))
        }
    }

    @Test
    fun aTabletHasARailAndThingsSideBySideWhereItLies() {
        assertEquals(WindowLayout(hasRail = true, isSideBySide = true), layout(1280, 800))
        assertEquals(WindowLayout(hasRail = true, isSideBySide = false), layout(800, 1280))
    }

    @Test
    fun halfOfATabletIsAPhone() =
        assertEquals(WindowLayout(hasRail = false, isSideBySide = false), layout(599, 800))
}
