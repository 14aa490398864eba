package dev.decant.core

import java.io.IOException

/**
 * What a list of kept feedback shows of a record.
 *
 * @property content null if the record is damaged.
 */
data class FeedbackSummary(val stored: StoredFeedback, val content: FeedbackContent?) {
    /**
     * Whether the importer takes it in an archive of [createdMs] about a release of the files [hashes].
     *
     * It would refuse the whole archive for the sake of one record.
     */
    fun mayBeExported(hashes: Collection<String>, createdMs: Long): Boolean =
        content != null && content.modelSha256 in hashes && content.consent.covers(content.keptMs, createdMs)

    companion object {
        fun of(stored: StoredFeedback): FeedbackSummary = try {
            FeedbackSummary(stored, FeedbackContent.of(JsonFields.parse(stored.record.readText())))
        } catch (_: SidecarException) {
            FeedbackSummary(stored, null)
        } catch (_: IOException) {
            FeedbackSummary(stored, null)
        }
    }
}

/**
 * What a record says.
 *
 * @property corrections how many.
 * @property modelSha256 of the model file that answered.
 */
data class FeedbackContent(
    val corrections: Int,
    val modelSha256: String,
    val keptMs: Long,
    val consent: Consent,
) {
    internal companion object {
        fun of(json: JsonFields) = FeedbackContent(
            json.list("corrections", JsonFields::asFields).size,
            json.string("model_sha256"),
            json.time("kept"),
            Consent.of(json.fields("consent")),
        )
    }
}
