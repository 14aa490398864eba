package dev.decant.core

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class FeedbackSummaryTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private fun stored(json: String): StoredFeedback {
        val record = File(temporary.root, "record.json").apply { writeText(json) }
        return StoredFeedback("0".repeat(32), record, File(temporary.root, "image.jpg"))
    }

    @Test
    fun countsTheCorrectionsOfARecord() {
        val record = FeedbackRecord(
            37 to 23, "a".repeat(64), Accelerator.CPU, emptyList(),
            listOf(Correction.Remark("blurred"), Correction.Remark("dark")), StageTimes(9.0, 1.0, 2.0, 3.0),
        )
        val json = FeedbackJson.record("0".repeat(32), "2026-11-21T00:00:00Z", record).toString()
        val summary = FeedbackSummary.of(stored(json))
        assertEquals(2 to "a".repeat(64), summary.corrections to summary.modelSha256)
    }

    @Test
    fun saysThatARecordIsDamaged() {
        for (json in listOf("", "{", "[]", "{}", """{"corrections": 3}""", """{"corrections": []}""")) {
            val summary = FeedbackSummary.of(stored(json))
            assertEquals(json, null to null, summary.corrections to summary.modelSha256)
        }
    }

    @Test
    fun saysThatARecordIsGone() {
        val gone = stored("{}").also { it.record.delete() }
        assertEquals(FeedbackSummary(gone, null, null), FeedbackSummary.of(gone))
    }

    @Test
    fun aConsentHasItsTimeInUtc() {
        assertEquals(Consent("2026-09-21T14:13:20Z", 3), consentGiven(1_790_000_000_000L, 3))
    }
}
