package dev.decant.core

import java.io.File

/**
 * One way to run a model.
 *
 * @property threads of the CPU; null where the accelerator has none to set.
 */
data class Rung(val variant: Variant, val threads: Int?) {
    val accelerator: Accelerator get() = variant.accelerator

    /** As people read it, in any language. */
    override fun toString(): String = if (threads == null) "$accelerator" else "$accelerator × $threads"
}

/** What came of measuring a rung: its time, or why it was refused. */
data class RungResult(val rung: Rung, val latency: Latency?, val refusal: String?)

/**
 * Which rung the user wants; null leaves it to the measurement.
 *
 * @property threads of the CPU.
 */
data class RungChoice(val accelerator: Accelerator? = null, val threads: Int? = null) {
    fun fits(rung: Rung): Boolean =
        (accelerator == null || rung.accelerator == accelerator) &&
            (threads == null || rung.threads == null || rung.threads == threads)
}

/** The accepted rungs in the order to try them: those that the user wants, then the others, fastest first. */
fun List<RungResult>.inOrder(choice: RungChoice): List<Rung> =
    filter { it.latency != null }.sortedBy { it.latency?.median }.map { it.rung }
        .sortedByDescending(choice::fits)

/** Nothing can run the model; the message has every reason. */
class LadderException(results: List<RungResult>) : RuntimeException(
    "no accelerator can run the model: " + results.joinToString("; ") { "${it.rung}: ${it.refusal}" },
)

/**
 * Tries every accelerator, and every number of threads of the CPU, one at a time: which of them give the
 * golden outputs, and how fast.
 *
 * An accelerator without a file of its own is no rung; nor is the NPU, which needs a file compiled for the
 * very chip, and decant makes none.
 *
 * @param folder of the sidecar.
 * @param nanoTime the clock.
 * @param threads that the CPU is tried with.
 * @param guard leaves alone what ended the app before.
 */
class AcceleratorLadder(
    private val engine: Engine,
    private val sidecar: Sidecar,
    private val folder: File,
    private val nanoTime: () -> Long,
    threads: List<Int> = threadCounts(Runtime.getRuntime().availableProcessors()),
    private val guard: CrashGuard = CrashGuard(file = null, key = ""),
) {
    private val golden = GoldenCheck(sidecar, folder)

    /** What there is to try. */
    val rungs: List<Rung> = sidecar.variants.sortedBy { it.accelerator }.flatMap { variant ->
        when (variant.accelerator) {
            Accelerator.CPU -> threads.map { Rung(variant, it) }
            Accelerator.GPU -> listOf(Rung(variant, threads = null))
            Accelerator.NPU -> emptyList()
        }
    }

    /**
     * Times every rung that gives the golden outputs: the median of 20 runs on the golden example.
     *
     * @param onResult gets each result as it comes.
     * @throws LadderException if every rung was refused.
     * @throws SidecarException if the golden files cannot be used.
     */
    fun measure(onResult: (RungResult) -> Unit = {}): List<RungResult> {
        val results = rungs.map { rung -> measured(rung).also(onResult) }
        if (results.all { it.latency == null }) throw LadderException(results)
        return results
    }

    private fun measured(rung: Rung): RungResult = try {
        open(rung).use { RungResult(rung, Benchmark(WARM_UP, RUNS, nanoTime).measure(action(it)), null) }
    } catch (error: EngineException) {
        RungResult(rung, null, error.message.orEmpty())
    }

    /** One run of the network on the golden example. */
    fun action(session: Session): () -> Unit {
        val inputs = golden.inputs(sidecar.golden.first())
        val outputs = sidecar.outputs.map(::Tensor)
        return { session.run(inputs, outputs) }
    }

    /**
     * Opens a rung and holds it to the golden outputs; the caller closes it.
     *
     * @throws EngineException if it cannot be opened or gives other outputs, or ended the app twice.
     * @throws SidecarException if the golden files cannot be used.
     */
    fun open(rung: Rung): Session = guard.trying(rung) { opened(rung) }

    private fun opened(rung: Rung): Session {
        val session = load(rung)
        var accepted = false
        try {
            check(rung, session)
            accepted = true
            return session
        } finally {
            if (!accepted) session.close()
        }
    }

    /** Opens a rung of which nothing is known; the caller checks and closes it. */
    internal fun load(rung: Rung): Session =
        engine.open(EngineRequest.of(rung.variant, sidecar, folder, rung.threads ?: 1))

    /** @throws EngineException if a session of [rung] does not give the golden outputs. */
    fun check(rung: Rung, session: Session) {
        // The first run also warms up: accelerators compile kernels in it.
        golden.mismatch(session, rung.variant)?.let { throw EngineException("golden outputs differ: $it") }
    }

    companion object {
        private const val WARM_UP = 3
        private const val RUNS = 20

        /** Numbers of threads worth trying on a processor: more than four wait for its slow cores. */
        fun threadCounts(cores: Int): List<Int> = listOf(1, 2, 4).filter { it == 1 || it <= cores }
    }
}
