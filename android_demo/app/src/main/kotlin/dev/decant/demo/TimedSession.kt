package dev.decant.demo

import dev.decant.core.Session
import dev.decant.core.Tensor

private const val NANOS_PER_MS = 1e6

/** Milliseconds from a moment of System.nanoTime until now. */
fun millisecondsSince(startNs: Long): Double = (System.nanoTime() - startNs) / NANOS_PER_MS

/** Milliseconds of the three stages of an answer. */
data class AnswerTimes(val preprocessMs: Double, val inferenceMs: Double, val decodeMs: Double) {
    val sumMs: Double get() = preprocessMs + inferenceMs + decodeMs
}

/** A session that notes when its last run began and ended. */
class TimedSession(private val session: Session) : Session by session {
    private var began = 0L
    private var ended = 0L

    override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
        began = System.nanoTime()
        session.run(inputs, outputs)
        ended = System.nanoTime()
    }

    /** The stages of an answer that took from [start] until [end] and ran the network once. */
    fun stages(start: Long, end: Long) = AnswerTimes(
        preprocessMs = (began - start) / NANOS_PER_MS,
        inferenceMs = (ended - began) / NANOS_PER_MS,
        decodeMs = (end - ended) / NANOS_PER_MS,
    )
}
