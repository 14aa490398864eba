package dev.decant.core

import java.nio.ByteBuffer
import java.util.Random

/** An upright picture in plain arrays, and its processing by the letter of the rule, for comparison. */
internal class Picture(val width: Int, val height: Int, val pixels: IntArray) {
    fun at(x: Int, y: Int): Int = pixels[y * width + x]

    /** The picture as a camera would store it that needs [orientation] to stand upright (EXIF's table). */
    fun stored(orientation: Orientation): Picture {
        val swaps = orientation.exif >= 5
        val w = if (swaps) height else width
        val h = if (swaps) width else height
        val stored = IntArray(w * h)
        for (y in 0 until h) for (x in 0 until w) {
            stored[y * w + x] = when (orientation.exif) {
                1 -> at(x, y)
                2 -> at(width - 1 - x, y)
                3 -> at(width - 1 - x, height - 1 - y)
                4 -> at(x, height - 1 - y)
                5 -> at(y, x)
                6 -> at(width - 1 - y, x)
                7 -> at(width - 1 - y, height - 1 - x)
                else -> at(y, height - 1 - x)
            }
        }
        return Picture(w, h, stored)
    }

    /** A frame of the picture in the middle of a larger buffer, with bytes between rows and pixels. */
    fun frame(orientation: Orientation, pixelStride: Int, slack: Int): RgbaFrame {
        val stored = stored(orientation)
        val rowStride = (stored.width + 3) * pixelStride + slack
        val bytes = ByteArray(rowStride * (stored.height + 2)).also { Random(9).nextBytes(it) }
        for (y in 0 until stored.height) for (x in 0 until stored.width) {
            val start = (y + 1) * rowStride + (x + 2) * pixelStride
            for (channel in 0..2) bytes[start + channel] = (stored.at(x, y) shr 8 * channel).toByte()
        }
        val plane = Plane(ByteBuffer.wrap(bytes), rowStride, pixelStride)
        return RgbaFrame(plane, Crop(2, 1, stored.width, stored.height), orientation)
    }

    /** The picture resized to [w] x [h]: exact sums over all pixels, rounded half up. */
    fun resized(w: Int, h: Int, shrink: Shrink): Picture {
        val across = List(w) { weights(it, width, w, shrink) }
        val down = List(h) { weights(it, height, h, shrink) }
        val out = IntArray(w * h)
        for (y in 0 until h) for (x in 0 until w) for (shift in listOf(0, 8, 16)) {
            var sum = 0L
            for ((j, wy) in down[y]) for ((i, wx) in across[x]) sum += wy * wx * (at(i, j) shr shift and 255)
            val total = down[y].values.sum() * across[x].values.sum()
            out[y * w + x] = out[y * w + x] or (((2 * sum + total) / (2 * total)).toInt() shl shift)
        }
        return Picture(w, h, out)
    }

    private fun weights(i: Int, n: Int, m: Int, shrink: Shrink): Map<Int, Long> {
        if (shrink == Shrink.AREA && m < n) {
            val covered = (0 until n).associateWith { j ->
                (minOf((j + 1L) * m, (i + 1L) * n) - maxOf(j.toLong() * m, i.toLong() * n))
            }
            return covered.filterValues { it > 0 }
        }
        // Between pixel centres, in units of 1 / (2 m).
        val position = (2L * i + 1) * n - m
        val sum = mutableMapOf<Int, Long>()
        for (j in -1..n) {
            val weight = 2L * m - Math.abs(position - 2L * m * j)
            if (weight > 0) sum.merge(j.coerceIn(0, n - 1), weight, Long::plus)
        }
        return sum
    }

    companion object {
        fun random(width: Int, height: Int, seed: Long): Picture {
            val random = Random(seed)
            return Picture(width, height, IntArray(width * height) { random.nextInt(1 shl 24) })
        }
    }
}

internal fun imageRule(
    width: Int,
    height: Int,
    resize: ResizeKind = ResizeKind.LETTERBOX,
    colour: Colour = Colour.RGB,
    shrink: Shrink = Shrink.AREA,
) = ImageRule(
    height, width, colour,
    mean = listOf(0.485, 0.456, 0.406).take(colour.channels),
    std = listOf(0.229, 0.224, 0.225).take(colour.channels),
    resize, padding = 114, shrink,
)

internal fun inputInfo(rule: ImageRule, layout: Layout = Layout.NHWC, dtype: DType = DType.FLOAT32) =
    TensorInfo(
        "image",
        if (layout == Layout.NHWC) listOf(1, rule.height, rule.width, rule.colour.channels)
        else listOf(1, rule.colour.channels, rule.height, rule.width),
        dtype, layout, quantization = null,
    )
