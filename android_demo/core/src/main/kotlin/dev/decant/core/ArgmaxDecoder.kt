package dev.decant.core

/** Finds the labels with the largest scores; of equal ones the first, and NaN is largest. */
object ArgmaxDecoder {
    /** The index of the winning label of the first of an output [N, K]. */
    fun decode(scores: Tensor): Int = best(scores, 1).single()

    /** The indices of the [count] best labels of the first of an output [N, K], best first. */
    fun best(scores: Tensor, count: Int): IntArray {
        val values = scores.asReals()
        val best = IntArray(minOf(count, scores.info.sizeOfOne))
        for (label in 0 until scores.info.sizeOfOne) insert(best, minOf(label, best.size), label, values)
        return best
    }

    /** Puts a label to where it belongs among the [filled] best of those before it. */
    private fun insert(best: IntArray, filled: Int, label: Int, values: FloatArray) {
        var at = filled
        while (at > 0 && values[label].isAbove(values[best[at - 1]])) {
            if (at < best.size) best[at] = best[at - 1]
            at--
        }
        if (at < best.size) best[at] = label
    }
}
