package dev.decant.core

/** A box on a photo: xy of top-left, top-right, bottom-right and bottom-left, in its pixels. */
data class Quad(val corners: List<List<Float>>) {
    init {
        require(corners.size == 4 && corners.all { it.size == 2 && it.all { value -> Math.abs(value) <= 1e6f } }) {
            "a quad has four corners of x and y up to 1e6, not $corners"
        }
    }
}

/** What the model found. */
data class FoundQuad(val label: String, val score: Float, val quad: Quad)

/** What the user says of the model's answer. */
sealed interface Correction {
    /** The prediction is no object. */
    data class Delete(val prediction: Int) : Correction

    /** The prediction's quad belongs there. */
    data class Move(val prediction: Int, val quad: Quad) : Correction

    /** An object was not found. */
    data class Add(val label: String, val quad: Quad) : Correction

    /** Anything else. */
    data class Remark(val text: String) : Correction {
        init {
            require(text.length in 1..2000) { "a remark has 1 to 2,000 characters, not ${text.length}" }
        }
    }
}

/**
 * Where a photo's time went, in milliseconds.
 *
 * @property shutterToScreen null where it is unknown, or the user did not wait for the answer.
 */
data class StageTimes(
    val shutterToScreen: Double?,
    val preprocess: Double,
    val inference: Double,
    val decode: Double,
)

/** A photo that the user looked at; without corrections it was left as it was. */
data class FeedbackRecord(
    val imageSize: Pair<Int, Int>,
    val modelSha256: String,
    val accelerator: Accelerator,
    val predictions: List<FoundQuad>,
    val corrections: List<Correction>,
    val times: StageTimes,
)
