package dev.decant.core

/** A label of a model that names the whole photo, and its score: as the model gives it, for no rule says more of it. */
data class ScoredLabel(val label: String, val score: Float)

/** A label of a mask, its index, and the share of the pixels that have it: 0…1. */
data class LabelShare(val index: Int, val label: String, val share: Float)

/** What the decode rule makes of a photo, to be shown; no later photo changes it. */
sealed interface Findings {
    /** Objects from a threshold on, in pixels of the upright photo, best first. */
    data class Boxes(val quads: List<FoundQuad>) : Findings

    /** The labels that fit the whole photo best, best first. */
    data class Ranking(val labels: List<ScoredLabel>) : Findings

    /**
     * A label for every pixel.
     *
     * @property pixels of the upright photo, row by row: index of the label, or [LabelMask.UNSEEN].
     * @property shares the labels that there are, that of most pixels first.
     */
    class Mask(val width: Int, val height: Int, val pixels: ShortArray, val shares: List<LabelShare>) : Findings {
        /** Whether a crop cut a part of the photo away. */
        val isCut by lazy { LabelMask.UNSEEN in pixels }
    }

    /** What was read, and how sure the model is of it: 0…1. */
    data class Reading(val text: String, val score: Float) : Findings

    /** There is no decoder here: the outputs are no answer, though golden ones tell whether they are right. */
    data object Undecoded : Findings
}
