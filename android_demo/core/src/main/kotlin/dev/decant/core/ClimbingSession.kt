package dev.decant.core

/** A rung that failed while it ran or when it was opened, and why. */
data class Fall(val from: Rung, val reason: String)

/**
 * A session that climbs down: where a rung fails while it runs, the next one answers the same inputs.
 *
 * A number among the outputs that is not finite counts as a failure, for that is how accelerators fail without a
 * word: NaN, and an infinity where half precision overflows. The lowest rung stays open whatever it does: there is nothing below it.
 *
 * @param order the rungs, the one to begin with first.
 * @param onFall gets each rung that was left; afterwards [rung] is the one in use.
 * @throws LadderException if none of them can be opened.
 */
class ClimbingSession(
    private val ladder: AcceleratorLadder,
    order: List<Rung>,
    private val onFall: (Fall) -> Unit = {},
) : Session {
    private val untried = ArrayDeque(order)
    private val fallen = ArrayList<Fall>()
    private var session: Session

    /** What runs now. */
    var rung: Rung
        private set

    /** What was left, in this order. */
    val falls: List<Fall> get() = fallen.toList()

    init {
        val (first, opened) = next()
            ?: throw LadderException(fallen.map { RungResult(it.from, null, it.reason) })
        rung = first
        session = opened
    }

    override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
        while (true) {
            try {
                session.run(inputs, outputs)
                requireNumbers(outputs)
                return
            } catch (error: EngineException) {
                climbDown(error)
            }
        }
    }

    /** Opens a lower rung in place of this one; where there is none, the failure is the caller's. */
    private fun climbDown(failure: EngineException) {
        val failed = rung
        val (lower, opened) = next() ?: throw failure
        session.close()
        rung = lower
        session = opened
        note(Fall(failed, failure.message.orEmpty()))
    }

    /** The next rung that can be opened; those that cannot are noted, and not tried again. */
    private fun next(): Pair<Rung, Session>? {
        while (untried.isNotEmpty()) {
            val rung = untried.removeFirst()
            try {
                return rung to ladder.open(rung)
            } catch (error: EngineException) {
                note(Fall(rung, error.message.orEmpty()))
            }
        }
        return null
    }

    private fun note(fall: Fall) {
        fallen += fall
        onFall(fall)
    }

    private fun requireNumbers(outputs: List<Tensor>) {
        for (i in outputs.indices) {
            for (value in outputs[i].floats) {
                if (!value.isFinite()) {
                    throw EngineException("output ${outputs[i].info.name} has a number that is not finite ($value)")
                }
            }
        }
    }

    override fun close() = session.close()
}
