package dev.decant.core

// 16 megapixels are 64 MB as RGBA, once as a bitmap and once more while it is being answered.
private const val MAX_PIXELS = 16_000_000L

/**
 * Smallest power of two by which a decoder must shrink a photo so that it can be answered.
 *
 * Whether the decoder rounds a side up or down, it is then within [Resampler.MAX_SOURCE].
 */
fun decodingStep(width: Int, height: Int): Int {
    var step = 1
    while (isTooLarge(ceilDiv(width, step), ceilDiv(height, step))) step *= 2
    return step
}

private fun isTooLarge(width: Int, height: Int): Boolean =
    maxOf(width, height) > Resampler.MAX_SOURCE || width.toLong() * height > MAX_PIXELS

private fun ceilDiv(length: Int, by: Int): Int = (length - 1) / by + 1
