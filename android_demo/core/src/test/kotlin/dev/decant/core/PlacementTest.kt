package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Test

class PlacementTest {
    @Test
    fun letterboxKeepsTheAspectRatioInWholePixels() {
        val placement = Placement.of(440, 331, imageRule(320, 320))
        // 331 * 320 / 440 = 240.73, so 241 rows.
        assertEquals(320 to 241, placement.fittedWidth to placement.fittedHeight)
        assertEquals(241.0 / 331, placement.scaleY, 0.0)
        assertEquals(0.0, placement.offsetY, 0.0)
    }

    @Test
    fun roundsHalvesToEvenAsPython() {
        // 5 * 10 / 20 = 2.5
        assertEquals(2, Placement.of(20, 5, imageRule(10, 10)).fittedHeight)
        // 7 * 10 / 20 = 3.5
        assertEquals(4, Placement.of(20, 7, imageRule(10, 10)).fittedHeight)
    }

    @Test
    fun cropCutsTheCentre() {
        val placement = Placement.of(200, 101, imageRule(50, 50, ResizeKind.CROP))
        // 200 * 50 / 101 = 99.01: 99 columns, of which (99 - 50) div 2 = 24 lie left of the window.
        assertEquals(99 to -24.0, placement.fittedWidth to placement.offsetX)
    }

    @Test
    fun mapsBack() {
        for (resize in ResizeKind.entries) {
            val placement = Placement.of(640, 427, imageRule(300, 200, resize))
            val (x, y) = 123.4 * placement.scaleX + placement.offsetX to 321.5 * placement.scaleY + placement.offsetY
            assertEquals(123.4f, placement.toPhotoX(x.toFloat()), 1e-3f)
            assertEquals(321.5f, placement.toPhotoY(y.toFloat()), 1e-3f)
        }
    }

    @Test
    fun fillingViewCutsThePhoto() {
        val view = ViewPlacement(photo = 400 to 300, view = 900 to 1200, fills = true)
        assertEquals(4f, view.scale, 0f)
        // The photo is 1600 wide, so 350 are cut on each side.
        assertEquals(-350f, view.toViewX(0f), 1e-3f)
        assertEquals(0f, view.toViewY(0f), 1e-3f)
        assertEquals(200f, view.toPhotoX(450f), 1e-3f)
    }

    @Test
    fun fittingViewShowsTheWholePhoto() {
        val view = ViewPlacement(photo = 400 to 300, view = 800 to 800, fills = false)
        assertEquals(100f, view.toViewY(0f), 1e-3f)
        assertEquals(800f, view.toViewX(400f), 1e-3f)
        assertEquals(150f, view.toPhotoY(400f), 1e-3f)
    }

    @Test
    fun mirrorsTheFrontCamera() {
        val view = ViewPlacement(photo = 400 to 300, view = 800 to 600, fills = false, mirrored = true)
        assertEquals(800f, view.toViewX(0f), 1e-3f)
        assertEquals(0f, view.toPhotoX(800f), 1e-3f)
    }
}
