package dev.decant.core

/**
 * The weights with which the pixels of one axis make its new pixels, as exact integers.
 *
 * New pixel i of the window is the sum of weights[k] * pixel[first[i] + k - start[i]] for k from
 * start[i] to start[i + 1], divided by [total]. With area interpolation old pixel j of n covers
 * [j * m, (j + 1) * m) and new pixel i of m covers [i * n, (i + 1) * n): a weight is the length that
 * both cover. Bilinear interpolation with half-pixel centres is as exact in units of 1 / (2 * m).
 */
internal class Axis(val source: Int, target: Int, from: Int, val count: Int, shrink: Shrink) {
    val first = IntArray(count)
    val start = IntArray(count + 1)
    val total: Int
    val weights: IntArray

    init {
        val area = source == target || (shrink == Shrink.AREA && target < source)
        val unit = if (area) greatestCommonDivisor(source, target) else 1
        total = if (area) source / unit else 2 * target
        val found = ArrayList<Int>(count * (source / target + 2))
        for (i in 0 until count) {
            if (area) overlaps(from + i, source / unit, target / unit, i, found)
            else neighbours(from + i, target, i, found)
            start[i + 1] = found.size
        }
        weights = found.toIntArray()
    }

    private fun overlaps(pixel: Int, n: Int, m: Int, i: Int, found: MutableList<Int>) {
        val begin = pixel.toLong() * n
        val end = begin + n
        first[i] = (begin / m).toInt()
        var j = first[i].toLong()
        while (j * m < end) {
            found += (minOf((j + 1) * m, end) - maxOf(j * m, begin)).toInt()
            j++
        }
    }

    private fun neighbours(pixel: Int, target: Int, i: Int, found: MutableList<Int>) {
        val position = (2L * pixel + 1) * source - target
        val left = Math.floorDiv(position, 2L * target).toInt()
        val beyond = Math.floorMod(position, 2L * target).toInt()
        first[i] = left.coerceIn(0, source - 1)
        // At the border the picture goes on as its last pixel.
        if (left < 0 || left >= source - 1 || beyond == 0) {
            found += total
        } else {
            found += total - beyond
            found += beyond
        }
    }

    private tailrec fun greatestCommonDivisor(a: Int, b: Int): Int =
        if (b == 0) a else greatestCommonDivisor(b, a % b)
}

/**
 * Resizes frames of one size in stored orientation, exactly: value = (sum + half) div total.
 *
 * Weights are symmetric, so resizing and then turning gives the same bits as turning first.
 */
internal class Resampler(private val across: Axis, private val down: Axis) {
    /** The new pixels, 0x00BBGGRR, row by row. */
    val pixels = IntArray(across.count * down.count)

    private val row = IntArray(across.source)
    private val red = IntArray(across.source)
    private val green = IntArray(across.source)
    private val blue = IntArray(across.source)
    private val half = across.total.toLong() * down.total / 2
    private val inverse = 1.0 / (across.total.toDouble() * down.total)

    init {
        require(across.source <= MAX_SOURCE && down.source <= MAX_SOURCE) {
            "a picture of ${across.source} x ${down.source} pixels is too large; decode it to at most " +
                "$MAX_SOURCE a side"
        }
    }

    fun resize(frame: Frame) {
        for (target in 0 until down.count) {
            red.fill(0)
            green.fill(0)
            blue.fill(0)
            for (k in down.start[target] until down.start[target + 1]) {
                frame.readRow(down.first[target] + k - down.start[target], row)
                addRow(down.weights[k])
            }
            for (i in 0 until across.count) {
                val packed = mean(red, i) or (mean(green, i) shl 8) or (mean(blue, i) shl 16)
                pixels[target * across.count + i] = packed
            }
        }
    }

    /** Adds to the columns' sums; compilers turn these loops into vector instructions. */
    private fun addRow(weight: Int) {
        for (x in row.indices) red[x] += (row[x] and 0xFF) * weight
        for (x in row.indices) green[x] += (row[x] shr 8 and 0xFF) * weight
        for (x in row.indices) blue[x] += (row[x] shr 16 and 0xFF) * weight
    }

    // Exact: half a unit keeps every quotient further from a whole number than a double's rounding
    // error, which is below 2^-43 for totals below 2^27.
    private fun mean(columns: IntArray, target: Int): Int {
        var sum = half
        var column = across.first[target]
        for (k in across.start[target] until across.start[target + 1]) {
            sum += columns[column++].toLong() * across.weights[k]
        }
        return ((sum.toDouble() + 0.5) * inverse).toInt()
    }

    companion object {
        /** So that total * 255 fits an int, and total * total * 255 a double. */
        const val MAX_SOURCE = 8192
        const val MAX_TARGET = 4096
    }
}
