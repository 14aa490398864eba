package dev.decant.core

/**
 * What an app shows and keeps of an answer: the predictions from the display threshold on, best first.
 *
 * @throws EngineException if a quad is none, because the runtime gave what is no number.
 */
fun Detections.shown(rule: QuadGridRule, labels: List<String>): List<FoundQuad> =
    (0 until count).filter { scores[it] >= rule.displayThreshold }
        .map { FoundQuad(labels[this.labels[it]], scores[it], quad(8 * it)) }

private fun Detections.quad(from: Int): Quad = try {
    Quad(List(4) { listOf(quads[from + 2 * it], quads[from + 2 * it + 1]) })
} catch (error: IllegalArgumentException) {
    throw EngineException("the model gives a box that is none: ${error.message}", error)
}
