package dev.decant.core

/**
 * What an app shows of an answer, and what is corrected and kept of it: the predictions from a threshold on,
 * best first.
 *
 * @param threshold the sidecar's, or the user's; see [DetectionRule.thresholds].
 * @throws EngineException if a quad is none, because the runtime gave what is no number.
 */
fun Detections.shown(
    rule: DetectionRule,
    labels: List<String>,
    threshold: Double = rule.displayThreshold,
): List<FoundQuad> =
    (0 until count).filter { scores[it] >= threshold }
        .map { FoundQuad(labels[this.labels[it]], scores[it], quad(8 * it)) }

/** What a user can set as threshold: from what the model drops to what hardly anything reaches. */
val DetectionRule.thresholds: ClosedFloatingPointRange<Double>
    get() = scoreThreshold..maxOf(displayThreshold, HIGHEST_THRESHOLD)

private const val HIGHEST_THRESHOLD = 0.99

private fun Detections.quad(from: Int): Quad = try {
    Quad(List(4) { listOf(quads[from + 2 * it], quads[from + 2 * it + 1]) })
} catch (error: IllegalArgumentException) {
    throw EngineException("the model gives a box that is none: ${error.message}", error)
}
