package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Test

class OrientationTest {
    @Test
    fun theLinearMapTurnsAsTheFrameDoes() {
        val picture = Picture.random(width = 5, height = 3, seed = 8)
        for (orientation in Orientation.entries) {
            val stored = picture.stored(orientation)
            val (a, b, c, d) = orientation.linear().map { it.toInt() }
            // The shift that brings the lowest x and y back to 0.
            val left = minOf(0, a * (stored.width - 1)) + minOf(0, b * (stored.height - 1))
            val top = minOf(0, c * (stored.width - 1)) + minOf(0, d * (stored.height - 1))
            for (y in 0 until stored.height) for (x in 0 until stored.width) {
                val upright = picture.at(a * x + b * y - left, c * x + d * y - top)
                assertEquals("$orientation at $x, $y", upright, stored.at(x, y))
            }
        }
    }
}
