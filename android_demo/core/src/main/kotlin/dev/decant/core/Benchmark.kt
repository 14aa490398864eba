package dev.decant.core

import java.io.Serializable
import kotlin.math.floor

/** Times of one setting under the keys of `report.json`: milliseconds, and how many were timed. */
data class Latency(val median: Double, val p90: Double, val p99: Double, val n: Int) : Serializable {
    companion object {
        private const val serialVersionUID = 1L

        /**
         * Sums up times in milliseconds.
         *
         * Quantiles lie between neighbours in proportion, as NumPy's default.
         */
        fun of(timesMs: DoubleArray): Latency {
            require(timesMs.isNotEmpty()) { "no time was taken; run at least one inference" }
            val sorted = timesMs.sortedArray()
            fun at(share: Double) = quantile(sorted, sorted.size, share)
            return Latency(at(MEDIAN), at(P90), at(P99), sorted.size)
        }
    }
}

internal const val MEDIAN = 0.5
internal const val P90 = 0.9
internal const val P99 = 0.99

/** The value that [share] of the first [count] of an ascending array do not exceed. */
internal fun quantile(sorted: DoubleArray, count: Int, share: Double): Double {
    val position = share * (count - 1)
    val below = floor(position).toInt()
    val above = minOf(below + 1, count - 1)
    return sorted[below] + (position - below) * (sorted[above] - sorted[below])
}

/** Times an action: a warm-up that does not count, then [runs] that do. */
class Benchmark(private val warmUp: Int, private val runs: Int, private val nanoTime: () -> Long) {
    fun measure(action: () -> Unit): Latency {
        repeat(warmUp) { action() }
        return Latency.of(DoubleArray(runs) { milliseconds(nanoTime, action) })
    }
}

/** How long an action takes, in milliseconds. */
internal inline fun milliseconds(nanoTime: () -> Long, action: () -> Unit): Double {
    val start = nanoTime()
    action()
    return (nanoTime() - start) / 1e6
}
