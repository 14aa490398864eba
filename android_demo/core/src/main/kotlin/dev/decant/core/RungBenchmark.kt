package dev.decant.core

import java.io.Serializable

/**
 * What one way to run the model takes on this device.
 *
 * @property threads of the CPU; null where the accelerator has none to set.
 * @property loadMs to check the file's hash, to read it, and to compile what the accelerator needs.
 * @property firstRunMs of the first picture, which many accelerators still compile in.
 * @property before what the app took before the model was loaded, [after] while it was still open.
 */
data class BenchmarkResult(
    val accelerator: Accelerator,
    val threads: Int?,
    val loadMs: Double,
    val firstRunMs: Double,
    val latency: Latency,
    val before: MemoryUse,
    val after: MemoryUse,
) : Serializable {
    companion object {
        private const val serialVersionUID = 1L
    }
}

/** How long to run, and how often to say how it goes, in milliseconds. */
data class SustainedPlan(val durationMs: Double = 600_000.0, val everyMs: Double = 5_000.0)

/** A few seconds of a long run; [elapsedMs] is when they ended. */
data class SustainedSample(
    val elapsedMs: Double,
    val latency: Latency,
    val thermal: Thermal?,
    val memory: MemoryUse,
) : Serializable {
    companion object {
        private const val serialVersionUID = 1L
    }
}

/**
 * A run without a pause, which shows what heat does.
 *
 * @property isWhole whether it went on as long as planned; else it was cancelled, or it failed.
 * @property failure why it failed.
 */
data class SustainedResult(
    val accelerator: Accelerator,
    val threads: Int?,
    val plannedMs: Double,
    val isWhole: Boolean,
    val failure: String?,
    val samples: List<SustainedSample>,
) : Serializable {
    /** How many times as long the last sample's median is as the first's. */
    val slowdown: Double? get() =
        if (samples.size < 2) null else samples.last().latency.median / samples.first().latency.median

    companion object {
        private const val serialVersionUID = 1L
    }
}

/**
 * Measures rungs on the golden example, the network alone.
 *
 * @param isCancelled is asked before every run.
 */
class RungBenchmark(
    private val ladder: AcceleratorLadder,
    private val probe: DeviceProbe,
    private val nanoTime: () -> Long,
    private val isCancelled: () -> Boolean = { false },
) {
    /**
     * Loads a rung and times it; null if it was cancelled.
     *
     * @throws EngineException if it cannot be loaded or run, or gives other outputs than the golden ones.
     */
    fun measure(rung: Rung): BenchmarkResult? {
        val before = probe.memory()
        val loading = nanoTime()
        return ladder.load(rung).use { session ->
            val loadMs = (nanoTime() - loading) / NANOS_PER_MS
            val action = ladder.action(session)
            val firstRunMs = milliseconds(nanoTime, action)
            ladder.check(rung, session)
            val latency = latency(action) ?: return null
            BenchmarkResult(
                rung.accelerator, rung.threads, loadMs, firstRunMs, latency, before, after = probe.memory(),
            )
        }
    }

    private fun latency(action: () -> Unit): Latency? {
        val times = Times()
        repeat(WARM_UP + RUNS) { run ->
            if (isCancelled()) return null
            val taken = milliseconds(nanoTime, action)
            if (run >= WARM_UP) times.add(taken)
        }
        return times.sumUp()
    }

    /**
     * Runs a rung until the plan's end, or until it is cancelled or fails, and says how it went.
     *
     * @param onSample gets each sample as it comes.
     * @throws EngineException if the rung cannot be opened.
     */
    fun sustain(rung: Rung, plan: SustainedPlan, onSample: (SustainedSample) -> Unit = {}): SustainedResult {
        val samples = ArrayList<SustainedSample>()
        var failure: String? = null
        var isWhole = false
        ladder.open(rung).use { session ->
            try {
                isWhole = runOn(ladder.action(session), plan) {
                    samples += it
                    onSample(it)
                }
            } catch (error: EngineException) {
                failure = error.message
            }
        }
        return SustainedResult(rung.accelerator, rung.threads, plan.durationMs, isWhole, failure, samples)
    }

    /** Runs and takes samples; false if it was cancelled before the plan's end. */
    private fun runOn(action: () -> Unit, plan: SustainedPlan, onSample: (SustainedSample) -> Unit): Boolean {
        val start = nanoTime()
        val times = Times()
        var nextMs = plan.everyMs
        while (true) {
            val elapsedMs = (nanoTime() - start) / NANOS_PER_MS
            val isOver = elapsedMs >= plan.durationMs
            val isStopped = !isOver && isCancelled()
            if (times.count > 0 && (isOver || isStopped || elapsedMs >= nextMs)) {
                onSample(SustainedSample(elapsedMs, times.sumUp(), probe.thermal(), probe.memory()))
                times.clear()
                while (nextMs <= elapsedMs) nextMs += plan.everyMs
            }
            if (isOver || isStopped) return isOver
            times.add(milliseconds(nanoTime, action))
        }
    }

    /** Times in an array that grows, so that hardly anything is allocated between two runs. */
    private class Times {
        private var values = DoubleArray(256)
        var count = 0
            private set

        fun add(value: Double) {
            if (count == values.size) values = values.copyOf(2 * count)
            values[count++] = value
        }

        fun clear() {
            count = 0
        }

        fun sumUp() = Latency.of(values.copyOf(count))
    }

    private companion object {
        const val WARM_UP = 5
        const val RUNS = 50
        const val NANOS_PER_MS = 1e6
    }
}
