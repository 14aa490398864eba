package dev.decant.demo

import android.content.Context
import dev.decant.core.Consent
import dev.decant.core.Retention
import dev.decant.core.consentGiven

/** Of the wording in feedback_consent_text; to be raised whenever that changes in any language. */
const val CONSENT_TEXT_VERSION = 1

const val BYTES_PER_MB = 1_000_000L
const val MS_PER_DAY = 86_400_000L

/** The user's consent and limits, as they outlast the app. */
class FeedbackSettings(context: Context) {
    private val preferences = context.getSharedPreferences("feedback", Context.MODE_PRIVATE)

    /** What the user last agreed to, perhaps to an older wording. */
    val consent: Consent?
        get() = preferences.getString(GIVEN, null)
            ?.let { Consent(it, preferences.getInt(VERSION, 0)) }

    val retention: Retention
        get() = Retention(
            preferences.getInt(RECORDS, DEFAULT.maxRecords),
            preferences.getLong(BYTES, DEFAULT.maxBytes),
            preferences.getLong(AGE_MS, DEFAULT.maxAgeMs),
        )

    fun agree(nowMs: Long) {
        val consent = consentGiven(nowMs, CONSENT_TEXT_VERSION)
        preferences.edit()
            .putString(GIVEN, consent.given)
            .putInt(VERSION, consent.textVersion)
            .apply()
    }

    fun withdraw() = preferences.edit().remove(GIVEN).remove(VERSION).apply()

    fun limit(retention: Retention) = preferences.edit()
        .putInt(RECORDS, retention.maxRecords)
        .putLong(BYTES, retention.maxBytes)
        .putLong(AGE_MS, retention.maxAgeMs)
        .apply()

    companion object {
        /** What can be chosen; the most is what one archive can hold. */
        val RECORD_CHOICES = listOf(100, 500, 2000)
        val MEGABYTE_CHOICES = listOf(50, 200, 450)
        val DAY_CHOICES = listOf(30, 90, 365)

        private val DEFAULT = Retention(500, 200 * BYTES_PER_MB, 90 * MS_PER_DAY)
        private const val GIVEN = "consent_given"
        private const val VERSION = "consent_text_version"
        private const val RECORDS = "max_records"
        private const val BYTES = "max_bytes"
        private const val AGE_MS = "max_age_ms"
    }
}
