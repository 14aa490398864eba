package dev.decant.core

/** Finds the label with the largest score; the first of equals. */
object ArgmaxDecoder {
    /** The index of the winning label of the first of an output [N, K]. */
    fun decode(scores: Tensor): Int {
        val values = scores.asReals()
        var best = 0
        for (i in 1 until scores.info.sizeOfOne) if (values[i] > values[best]) best = i
        return best
    }
}
