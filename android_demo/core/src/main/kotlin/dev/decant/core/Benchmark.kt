package dev.decant.core

import com.google.gson.Gson
import com.google.gson.JsonObject
import kotlin.math.floor

/** Times of one setting under the keys of `report.json`: milliseconds, and how many were timed. */
data class Latency(val median: Double, val p90: Double, val n: Int) {
    companion object {
        /**
         * Sums up times in milliseconds.
         *
         * Quantiles lie between neighbours in proportion, as NumPy's default.
         */
        fun of(timesMs: DoubleArray): Latency {
            require(timesMs.isNotEmpty()) { "no time was taken; run at least one inference" }
            val sorted = timesMs.sortedArray()
            return Latency(quantile(sorted, 0.5), quantile(sorted, 0.9), sorted.size)
        }

        private fun quantile(sorted: DoubleArray, share: Double): Double {
            val position = share * (sorted.size - 1)
            val below = floor(position).toInt()
            val above = minOf(below + 1, sorted.size - 1)
            return sorted[below] + (position - below) * (sorted[above] - sorted[below])
        }
    }
}

/** Times an action: a warm-up that does not count, then [runs] that do. */
class Benchmark(private val warmUp: Int, private val runs: Int, private val nanoTime: () -> Long) {
    fun measure(action: () -> Unit): Latency {
        repeat(warmUp) { action() }
        return Latency.of(DoubleArray(runs) {
            val start = nanoTime()
            action()
            (nanoTime() - start) / 1e6
        })
    }

    companion object {
        /** `latency_ms` of a file in `report.json`: an object by `threads_N`. */
        fun toJson(byThreads: Map<Int, Latency>): JsonObject {
            val json = JsonObject()
            byThreads.forEach { (threads, time) -> json.add("threads_$threads", Gson().toJsonTree(time)) }
            return json
        }
    }
}
