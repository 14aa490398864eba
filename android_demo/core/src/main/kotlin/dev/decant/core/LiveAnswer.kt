package dev.decant.core

/**
 * The answer that a live screen shows, of the camera that is on.
 *
 * A camera that is opened, restarted or switched begins another run, and so does one that is left. Frames and
 * answers that are still on their way from an earlier run are dropped: their boxes lie over another picture,
 * and their times would count the pause.
 *
 * @property run counts the times that a camera was started or left.
 * @property sinceNs when that was last, of the clock that [includes] is asked by.
 * @property answer the latest of this run.
 * @property shutterToScreenMs of an answer of this run; null where it is unknown.
 */
data class LiveAnswer<A : Any>(
    val run: Int = 0,
    val sinceNs: Long = Long.MIN_VALUE,
    val answer: A? = null,
    val shutterToScreenMs: Double? = null,
) {
    /** The camera was opened, restarted, switched or left. */
    fun restarted(nowNs: Long) = LiveAnswer<A>(run + 1, nowNs)

    /** Whether a frame that was exposed [ageMs] ago is of this run; one of unknown age is taken to be. */
    fun includes(ageMs: Double?, nowNs: Long): Boolean =
        ageMs == null || sinceNs == Long.MIN_VALUE || ageMs <= (nowNs - sinceNs) / NANOS_PER_MS

    /** An answer to a frame that came in [run]. */
    fun answered(run: Int, answer: A) = if (run == this.run) copy(answer = answer) else this

    /** The time of [answer], which the screen has drawn meanwhile. */
    fun drawn(answer: A, milliseconds: Double?) =
        if (answer === this.answer) copy(shutterToScreenMs = milliseconds) else this

    private companion object {
        const val NANOS_PER_MS = 1e6
    }
}
