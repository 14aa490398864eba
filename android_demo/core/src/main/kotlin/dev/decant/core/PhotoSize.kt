package dev.decant.core

import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.sqrt

/**
 * How large a photo is while it is opened, answered, corrected and kept.
 *
 * A decoder shrinks by powers of two only, so it is left at up to twice what is then kept, and scaled: 48 MB
 * of pixels are held at the worst, the decoded photo and the scaled one. Later it is that one and a copy for
 * the model, then that one and its JPEG.
 */
object PhotoSize {
    /** What is answered, shown and kept: 16 MB as RGBA. */
    const val MAX_PIXELS = 4_000_000

    /** What a decoder makes of the file: 32 MB. */
    private const val MAX_DECODED_PIXELS = 2 * MAX_PIXELS

    /** Smallest power of two by which a decoder must shrink a photo, whether it rounds a side up or down. */
    fun decodingStep(width: Int, height: Int): Int {
        var step = 1
        while (isTooLarge(ceilDiv(width, step), ceilDiv(height, step))) step *= 2
        return step
    }

    /** Width and height of a decoded photo once scaled: at most [MAX_PIXELS], and no side of it too long. */
    fun scaled(width: Int, height: Int): Pair<Int, Int> {
        val area = sqrt(MAX_PIXELS.toDouble() / (width.toLong() * height))
        val side = Resampler.MAX_SOURCE.toDouble() / maxOf(width, height)
        val scale = minOf(1.0, area, side)
        return shorter(width, scale) to shorter(height, scale)
    }

    private fun isTooLarge(width: Int, height: Int): Boolean =
        width.toLong() * height > MAX_DECODED_PIXELS || maxOf(width, height) > 2 * Resampler.MAX_SOURCE

    private fun shorter(length: Int, scale: Double): Int = maxOf(1, floor(length * scale).toInt())

    private fun ceilDiv(length: Int, by: Int): Int = ceil(length.toDouble() / by).toInt()
}
