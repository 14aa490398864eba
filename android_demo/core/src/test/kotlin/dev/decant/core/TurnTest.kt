package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

private val QUARTERS = listOf(0, 90, 180, 270)

class TurnTest {
    /** CameraX's rule: the degrees by which a frame must be turned for a target that is turned itself. */
    private fun frameDegrees(sensor: Int, target: Int, facesUser: Boolean) =
        Math.floorMod(if (facesUser) sensor + target else sensor - target, 360)

    /** The stored frame as it stands after a turn. */
    private fun turned(stored: Picture, degrees: Int): Picture {
        val bytes = java.nio.ByteBuffer.allocate(4 * stored.pixels.size)
        for (pixel in stored.pixels) bytes.putInt(Integer.reverseBytes(pixel))
        val plane = Plane(bytes, 4 * stored.width, 4)
        val crop = Crop(0, 0, stored.width, stored.height)
        val frame = RgbaFrame(plane, crop, Orientation.ofRotation(degrees))
        return Picture(frame.width, frame.height, frame.uprightArgb())
    }

    private fun mirrored(picture: Picture) = Picture(
        picture.width,
        picture.height,
        IntArray(picture.pixels.size) {
            picture.at(picture.width - 1 - it % picture.width, it / picture.width)
        },
    )

    /** A quad of four pixel centres from ([x], [y]), to the right and down. */
    private fun centres(x: Int, y: Int) = Quad(
        listOf(0 to 0, 1 to 0, 1 to 1, 0 to 1).map { (right, down) -> listOf(x + right + 0.5f, y + down + 0.5f) },
    )

    /** What the overlay does, held to the pixels of the preview. */
    private fun assertCovers(upright: Picture, shown: Picture, turn: Turn, mirrors: Boolean) {
        val size = upright.width to upright.height
        assertEquals(shown.width to shown.height, turn.size(size))
        val view = ViewPlacement(turn.size(size), shown.width to shown.height, fills = true, mirrors)
        for (y in 0 until upright.height - 1) for (x in 0 until upright.width - 1) {
            val here = centres(x, y)
            for ((from, to) in here.corners.zip(turn.quad(here, size).corners)) {
                val at = shown.at(view.toViewX(to[0]).toInt(), view.toViewY(to[1]).toInt())
                assertEquals("$from by $turn", upright.at(from[0].toInt(), from[1].toInt()), at)
            }
        }
    }

    @Test
    fun boxesLieWhereThePreviewShowsThemHoweverDeviceAndScreenAreHeld() {
        val stored = Picture.random(width = 6, height = 4, seed = 5)
        for (sensor in QUARTERS) for (device in QUARTERS) for (screen in QUARTERS) {
            for (facesUser in listOf(false, true)) {
                val byGravity = frameDegrees(sensor, device, facesUser)
                val byScreen = frameDegrees(sensor, screen, facesUser)
                val preview = turned(stored, byScreen).let { if (facesUser) mirrored(it) else it }
                val turn = Turn.between(byGravity, byScreen)
                assertCovers(turned(stored, byGravity), preview, turn, facesUser)
            }
        }
    }

    @Test
    fun aScreenThatFollowsTheDeviceTurnsNothing() {
        assertEquals(Turn.NONE, Turn.between(upright = 270, shown = 270))
    }

    @Test
    fun degreesThatAreNoQuarterAreRefused() {
        val error = assertThrows(IllegalArgumentException::class.java) { Turn.between(0, 45) }
        assertEquals("rotation 45 is not 0, 90, 180 or 270", error.message)
    }
}
