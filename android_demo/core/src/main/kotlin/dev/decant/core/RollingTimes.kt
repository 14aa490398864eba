package dev.decant.core

import java.util.Arrays

/**
 * Quantiles and rate of the last [window] answers.
 *
 * Allocates nothing after it was made, and asking it does not either. Not thread-safe.
 */
class RollingTimes(private val window: Int) {
    // Rings, in the order of arrival, and the same times in ascending order.
    private val times = DoubleArray(window)
    private val endsNs = LongArray(window)
    private val sorted = DoubleArray(window)
    private var next = 0

    /** How many answers the figures are of. */
    var count = 0
        private set

    init {
        require(window >= 2) { "a window of $window has no rate; give 2 or more" }
    }

    /** Takes an answer that took [milliseconds] and was there at [endNs], of any one clock. */
    fun add(milliseconds: Double, endNs: Long) {
        if (count == window) remove(times[next])
        insert(milliseconds)
        times[next] = milliseconds
        endsNs[next] = endNs
        next = (next + 1) % window
    }

    /** Forgets everything: what follows is another camera, or another model. */
    fun clear() {
        count = 0
        next = 0
    }

    /** Milliseconds; NaN where nothing was added. */
    val median: Double get() = share(MEDIAN)
    val p90: Double get() = share(P90)
    val p99: Double get() = share(P99)

    /** Answers per second between the oldest and the latest; NaN before the second. */
    val perSecond: Double
        get() {
            if (count < 2) return Double.NaN
            val latest = endsNs[(next + window - 1) % window]
            val oldest = endsNs[(next + window - count) % window]
            return (count - 1) * NANOS_PER_SECOND / (latest - oldest)
        }

    private fun share(share: Double) = if (count == 0) Double.NaN else quantile(sorted, count, share)

    private fun insert(value: Double) {
        val at = place(value)
        System.arraycopy(sorted, at, sorted, at + 1, count - at)
        sorted[at] = value
        count++
    }

    private fun remove(value: Double) {
        val at = place(value)
        count--
        System.arraycopy(sorted, at + 1, sorted, at, count - at)
    }

    /** Where a value stands, or would stand, among the sorted ones. */
    private fun place(value: Double): Int {
        val found = Arrays.binarySearch(sorted, 0, count, value)
        return if (found < 0) -found - 1 else found
    }

    private companion object {
        const val NANOS_PER_SECOND = 1e9
    }
}
