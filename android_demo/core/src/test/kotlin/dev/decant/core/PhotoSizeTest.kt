package dev.decant.core

import java.nio.ByteBuffer
import java.util.Random
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import kotlin.math.abs

class PhotoSizeTest {
    private fun pixels(size: Pair<Int, Int>) = size.first.toLong() * size.second

    /** What a decoder makes of a photo: some round a side down, some up. */
    private fun decoded(width: Int, height: Int, roundsUp: Boolean): Pair<Int, Int> {
        val step = PhotoSize.decodingStep(width, height)
        val rest = if (roundsUp) step - 1 else 0
        return maxOf(1, (width + rest) / step) to maxOf(1, (height + rest) / step)
    }

    @Test
    fun photosOfPhonesComeAsLargeAsTheyMay() {
        val expected = mapOf(
            // 2, 12, 20, 50 and 108 megapixels.
            (1600 to 1200) to (1600 to 1200),
            (4032 to 3024) to (2016 to 1512),
            (5184 to 3888) to (2309 to 1732),
            (8160 to 6144) to (2040 to 1536),
            (12_000 to 9000) to (2309 to 1732),
        )
        for ((size, kept) in expected) {
            val (width, height) = decoded(size.first, size.second, roundsUp = false)
            assertEquals(kept, PhotoSize.scaled(width, height))
        }
    }

    @Test
    fun noPhotoHoldsMoreThanIsSaid() {
        val random = Random(5)
        fun side() = 1 + (Math.exp(random.nextDouble() * Math.log(65_535.0)).toInt()).coerceAtMost(65_534)
        val sizes = List(5000) { side() to side() } + listOf(1 to 1, 65_535 to 65_535, 1 to 65_535)
        for (size in sizes) for (roundsUp in listOf(false, true)) {
            val decoded = decoded(size.first, size.second, roundsUp)
            val kept = PhotoSize.scaled(decoded.first, decoded.second)
            val bytes = 4 * (pixels(decoded) + pixels(kept))
            assertTrue("$size: $bytes", bytes <= 48_000_000)
            assertTrue("$size: $kept", pixels(kept) in 1..PhotoSize.MAX_PIXELS)
            assertTrue("$size: $kept", maxOf(kept.first, kept.second) <= Resampler.MAX_SOURCE)
            assertEquals("$size", kept, PhotoSize.scaled(kept.first, kept.second))
        }
    }

    @Test
    fun theShapeStays() {
        for ((width, height) in listOf(3000 to 2000, 2500 to 3100, 8000 to 997)) {
            val (across, down) = PhotoSize.scaled(width, height)
            // Each side is less than a pixel short.
            val apart = abs(across.toDouble() / width - down.toDouble() / height)
            assertTrue("$width x $height: $apart", apart < 1.0 / minOf(width, height))
        }
    }

    @Test
    fun aPhotoOfFourMegapixelsIsReadWhole() {
        assertEquals(1, PhotoSize.decodingStep(2000, 2000))
        assertEquals(2000 to 2000, PhotoSize.scaled(2000, 2000))
        assertEquals(1 to (2000 to 1999), PhotoSize.decodingStep(2001, 2000) to PhotoSize.scaled(2001, 2000))
    }

    @Test
    fun whatIsScaledCanBeMadeATensor() {
        val rule = imageRule(32, 32)
        val preprocessor = Preprocessor(ImageInput("image", rule, NormalisedBy.APP), inputInfo(rule))
        fun run(width: Int, height: Int): Placement {
            val plane = Plane(ByteBuffer.allocate(3 * width * height), 3 * width, 3)
            return preprocessor.run(RgbaFrame(plane, Crop(0, 0, width, height), Orientation.UPRIGHT))
        }
        assertThrows(IllegalArgumentException::class.java) { run(12_000, 300) }
        val (width, height) = PhotoSize.scaled(12_000, 300)
        assertEquals(8192 to 204, width to height)
        assertEquals(32 to 1, run(width, height).let { it.fittedWidth to it.fittedHeight })
    }
}
