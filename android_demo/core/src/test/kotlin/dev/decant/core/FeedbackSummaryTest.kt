package dev.decant.core

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class FeedbackSummaryTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val consent = Consent(1_790_000_000_000L, WORDING)

    private fun stored(json: String): StoredFeedback {
        val record = File(temporary.root, "record.json").apply { writeText(json) }
        return StoredFeedback("0".repeat(32), record, File(temporary.root, "image.jpg"))
    }

    private fun json() = FeedbackJson.record("0".repeat(32), consent.givenMs + 5, consent, RECORD)

    @Test
    fun saysWhatARecordSays() {
        val content = FeedbackContent(4, RECORD.modelSha256, consent.givenMs + 5, consent)
        assertEquals(content, FeedbackSummary.of(stored(json().toString())).content)
    }

    @Test
    fun saysThatARecordIsDamaged() {
        val without = json().keySet().filter { it in setOf("corrections", "model_sha256", "kept", "consent") }
            .map { key -> json().apply { remove(key) }.toString() }
        assertEquals(4, without.size)
        val times = listOf("2026-09-21T14:13:20Z", "2026-09-31T14:13:20.000Z", "", "x")
            .map { time -> json().apply { addProperty("kept", time) }.toString() }
        for (json in listOf("", "{", "[]", "{}", """{"corrections": 3}""") + without + times) {
            assertEquals(json, null, FeedbackSummary.of(stored(json)).content)
        }
    }

    @Test
    fun saysThatARecordIsGone() {
        val gone = stored("{}").also { it.record.delete() }
        assertEquals(FeedbackSummary(gone, null), FeedbackSummary.of(gone))
    }

    @Test
    fun aConsentHasItsTimeInUtc() {
        assertEquals("2026-09-21T14:13:20.000Z", consent.given)
    }

    @Test
    fun aLowerLimitIsBelowTheOther() {
        val usual = Retention.USUAL
        assertEquals(listOf(500, 200, 90), listOf(usual.maxRecords, usual.megabytes, usual.days))
        for (lower in listOf(Retention(100, 450, 365), Retention(2000, 50, 365), Retention(2000, 450, 30))) {
            assertEquals(true, lower.isBelow(usual))
        }
        assertEquals(false, usual.isBelow(usual))
        assertEquals(false, Retention(2000, 450, 365).isBelow(usual))
    }
}
