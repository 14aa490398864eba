package dev.decant.core

import java.io.File

/** Why an accelerator was not taken. */
data class Rejection(val accelerator: Accelerator, val reason: String)

/** The session that was accepted, and what was rejected before it. */
class Climb(val variant: Variant, val session: Session, val rejections: List<Rejection>)

/** No accelerator gave the golden outputs; the message has the reason of each. */
class LadderException(val rejections: List<Rejection>) : RuntimeException(
    "no accelerator can run the model: " +
        rejections.joinToString("; ") { "${it.accelerator}: ${it.reason}" },
)

/**
 * Tries NPU, GPU and CPU in turn, one at a time, and takes the first that gives the golden outputs.
 *
 * An accelerator without a file of its own is no rung.
 *
 * @param folder of the sidecar.
 */
class AcceleratorLadder(
    private val engine: Engine,
    private val sidecar: Sidecar,
    private val folder: File,
) {
    private val golden = GoldenCheck(sidecar, folder)

    /**
     * Opens the best session; the caller closes it.
     *
     * @throws LadderException if every rung was rejected.
     * @throws SidecarException if the golden files cannot be used.
     */
    fun climb(threads: Int, variants: List<Variant> = sidecar.variants): Climb {
        val rejections = ArrayList<Rejection>()
        for (variant in variants.sortedBy { it.accelerator }) {
            try {
                return Climb(variant, accepted(variant, threads), rejections)
            } catch (error: EngineException) {
                rejections += Rejection(variant.accelerator, error.message.orEmpty())
            }
        }
        throw LadderException(rejections)
    }

    private fun accepted(variant: Variant, threads: Int): Session {
        val session = engine.open(EngineRequest.of(variant, sidecar, folder, threads))
        var accepted = false
        try {
            // The first run also warms up: accelerators compile kernels in it.
            golden.mismatch(session, variant)
                ?.let { throw EngineException("golden outputs differ: $it") }
            accepted = true
            return session
        } finally {
            if (!accepted) session.close()
        }
    }
}
