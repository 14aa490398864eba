package dev.decant.demo

import dev.decant.core.Findings
import kotlinx.coroutines.CoroutineScope

/**
 * A photo that stands still with its answer.
 *
 * @property editor corrects and keeps the answer; null for a model that finds no boxes, which are all
 *   that can be corrected.
 */
class StillPicture private constructor(val answered: AnsweredPhoto, val editor: AnswerEditor?) {
    companion object {
        fun of(answered: AnsweredPhoto, store: FeedbackStore, scope: CoroutineScope): StillPicture {
            val hasBoxes = answered.answer.findings is Findings.Boxes
            return StillPicture(answered, if (hasBoxes) AnswerEditor(answered, store, scope) else null)
        }
    }
}
