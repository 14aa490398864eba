package dev.decant.core

import java.nio.ByteBuffer
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class PhotoSizeTest {
    @Test
    fun aPhotoOfSixteenMegapixelsIsReadWhole() {
        assertEquals(1, decodingStep(4000, 4000))
        assertEquals(2, decodingStep(4001, 4000))
        assertEquals(4, decodingStep(16_000, 12_000))
    }

    @Test
    fun aLongScreenshotIsHalvedUntilItsLongerSideFits() {
        assertEquals(1, decodingStep(1000, 8192))
        assertEquals(2, decodingStep(1080, 12_000))
        assertEquals(2, decodingStep(12_000, 1000))
        // Half of it, rounded up, is 8193.
        assertEquals(4, decodingStep(16_385, 10))
    }

    @Test
    fun whatIsDecodedCanBeMadeATensor() {
        val rule = imageRule(32, 32)
        val preprocessor = Preprocessor(ImageInput("image", rule, NormalisedBy.APP), inputInfo(rule))
        fun run(width: Int, height: Int): Placement {
            val plane = Plane(ByteBuffer.allocate(3 * width * height), 3 * width, 3)
            return preprocessor.run(RgbaFrame(plane, Crop(0, 0, width, height), Orientation.UPRIGHT))
        }
        assertThrows(IllegalArgumentException::class.java) { run(12_000, 1000) }
        val step = decodingStep(12_000, 1000)
        assertEquals(32 to 3, run(12_000 / step, 1000 / step).let { it.fittedWidth to it.fittedHeight })
    }
}
