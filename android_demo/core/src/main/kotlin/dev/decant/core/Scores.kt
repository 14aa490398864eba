package dev.decant.core

import kotlin.math.exp

/** What makes scores of logits: in single precision, step by step as `decant.contract.decode.boxes.activate`. */
internal fun sigmoid(logit: Float): Float = 1 / (1 + exp(-logit.toDouble()).toFloat())

/** Makes [count] logits, [step] apart from [from] on, scores whose sum is 1, from [to] on. */
internal fun softmax(logits: FloatArray, from: Int, step: Int, count: Int, into: FloatArray, to: Int = 0) {
    var largest = logits[from]
    for (i in 1 until count) largest = maxOf(largest, logits[from + i * step])
    var sum = 0.0
    for (i in 0 until count) {
        val power = exp((logits[from + i * step] - largest).toDouble()).toFloat()
        into[to + i] = power
        sum += power
    }
    for (i in to until to + count) into[i] /= sum.toFloat()
}

/** Whether a score comes before another, as NumPy's `argmax` has it: NaN is largest. */
internal fun Float.isAbove(other: Float): Boolean = this > other || isNaN() && !other.isNaN()

/** The index of the largest of [count] values from [from] on; of equal ones the first, as NumPy; NaN is largest. */
internal fun largest(values: FloatArray, from: Int, count: Int): Int {
    var best = 0
    for (i in 1 until count) {
        if (values[from + i].isAbove(values[from + best])) best = i
    }
    return best
}
