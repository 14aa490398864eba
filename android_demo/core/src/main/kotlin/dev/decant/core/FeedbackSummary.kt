package dev.decant.core

import java.io.IOException

/**
 * What a list of kept feedback shows of a record.
 *
 * @property corrections how many; null if the record is damaged.
 * @property modelSha256 of the model file that answered; null if the record is damaged.
 */
data class FeedbackSummary(val stored: StoredFeedback, val corrections: Int?, val modelSha256: String?) {
    companion object {
        fun of(stored: StoredFeedback): FeedbackSummary = try {
            val record = JsonFields.parse(stored.record.readText())
            val corrections = record.list("corrections", JsonFields::asFields)
            FeedbackSummary(stored, corrections.size, record.string("model_sha256"))
        } catch (_: SidecarException) {
            FeedbackSummary(stored, null, null)
        } catch (_: IOException) {
            FeedbackSummary(stored, null, null)
        }
    }
}
