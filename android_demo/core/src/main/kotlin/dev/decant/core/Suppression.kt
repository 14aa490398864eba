package dev.decant.core

/** Sorts by descending score, then by ascending place, as a stable sort does; [placeOf] gives the place back. */
internal fun rank(score: Float, place: Int): Long {
    // Adding zero makes -0 and 0 equal.
    val bits = (-score + 0f).toRawBits()
    val ascending = if (bits < 0) bits xor Int.MAX_VALUE else bits
    return (ascending.toLong() shl 32) or place.toLong()
}

internal fun placeOf(rank: Long): Int = (rank and 0xFFFFFFFFL).toInt()

/** Left, top, right and bottom of a quad. */
internal fun envelope(quad: FloatArray, into: FloatArray) {
    for (axis in 0..1) {
        into[axis] = minOf(minOf(quad[axis], quad[axis + 2]), minOf(quad[axis + 4], quad[axis + 6]))
        into[axis + 2] = maxOf(maxOf(quad[axis], quad[axis + 2]), maxOf(quad[axis + 4], quad[axis + 6]))
    }
}

/** Keeps boxes, best first, that overlap no kept box of their label by more than [iou]; float32, as Python. */
internal class Suppression(capacity: Int, private val iou: Float) {
    private val boxes = FloatArray(4 * capacity)
    private val areas = FloatArray(capacity)
    private val labels = IntArray(capacity)
    private var count = 0

    fun clear() {
        count = 0
    }

    /** Keeps a box (xyxy) unless a kept one overlaps it; says whether it did. */
    fun accept(box: FloatArray, label: Int): Boolean {
        box.copyInto(boxes, 4 * count)
        areas[count] = maxOf(box[2] - box[0], 0f) * maxOf(box[3] - box[1], 0f)
        for (kept in 0 until count) {
            if (labels[kept] == label && overlap(kept, count)) return false
        }
        labels[count++] = label
        return true
    }

    private fun overlap(kept: Int, other: Int): Boolean {
        val shared = sharedLength(kept, other, axis = 0) * sharedLength(kept, other, axis = 1)
        return shared > iou * (areas[kept] + areas[other] - shared)
    }

    private fun sharedLength(kept: Int, other: Int, axis: Int): Float {
        val end = minOf(boxes[4 * kept + axis + 2], boxes[4 * other + axis + 2])
        return maxOf(end - maxOf(boxes[4 * kept + axis], boxes[4 * other + axis]), 0f)
    }
}
