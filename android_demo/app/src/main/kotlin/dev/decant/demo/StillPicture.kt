package dev.decant.demo

import kotlinx.coroutines.CoroutineScope

/**
 * A photo that stands still with its answer.
 *
 * @property editor corrects and keeps the answer; null for a model that names the whole picture, whose
 *   answer has no boxes to correct.
 */
class StillPicture private constructor(val answered: AnsweredPhoto, val editor: AnswerEditor?) {
    companion object {
        fun of(answered: AnsweredPhoto, store: FeedbackStore, scope: CoroutineScope): StillPicture {
            val hasBoxes = answered.answer.ranking == null
            return StillPicture(answered, if (hasBoxes) AnswerEditor(answered, store, scope) else null)
        }
    }
}
