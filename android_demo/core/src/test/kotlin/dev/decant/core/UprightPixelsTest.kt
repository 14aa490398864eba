package dev.decant.core

import org.junit.Assert.assertArrayEquals
import org.junit.Test

class UprightPixelsTest {
    @Test
    fun turnsEveryOrientationUpright() {
        val picture = Picture.random(width = 7, height = 4, seed = 3)
        val expected = IntArray(picture.pixels.size) {
            val (red, green, blue) = listOf(0, 8, 16).map { shift -> picture.pixels[it] shr shift and 255 }
            (255 shl 24) or (red shl 16) or (green shl 8) or blue
        }
        for (orientation in Orientation.entries) {
            val frame = picture.frame(orientation, pixelStride = 4, slack = 8)
            assertArrayEquals("$orientation", expected, frame.uprightArgb())
        }
    }
}
