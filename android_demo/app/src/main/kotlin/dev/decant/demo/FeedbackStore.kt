package dev.decant.demo

import android.content.Context
import android.graphics.Bitmap
import dev.decant.core.Consent
import dev.decant.core.FeedbackLog
import dev.decant.core.FeedbackRecord
import dev.decant.core.FeedbackSummary
import dev.decant.core.Retention
import java.io.File
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/**
 * What is kept, and what the user allows.
 *
 * @property records newest first; null until all of this was read.
 */
data class FeedbackState(
    val consent: Consent? = null,
    val retention: Retention = Retention.USUAL,
    val records: List<FeedbackSummary>? = null,
)

/** Keeps feedback in a folder that only this app reads, and that is in no backup. */
class FeedbackStore(context: Context) {
    private val log = FeedbackLog(File(context.noBackupFilesDir, "feedback"))
    private val lock = Mutex()
    private val mutableState = MutableStateFlow(FeedbackState())

    val state: StateFlow<FeedbackState> = mutableState.asStateFlow()

    /** Reads what is kept, and deletes what has become too old. */
    suspend fun open() = using { log.open() }

    /** Whether the user has agreed to the present wording. */
    suspend fun hasConsent(): Boolean = lock.withLock {
        withContext(Dispatchers.IO) { log.settings.consent?.wording == CONSENT_WORDING }
    }

    suspend fun agree() = using { log.agree(CONSENT_WORDING) }

    /**
     * Writes a record with its photo.
     *
     * @throws IOException if there is no room.
     * @throws IllegalArgumentException if there is no consent.
     */
    suspend fun keep(record: FeedbackRecord, photo: Bitmap) =
        using { log.add(record, photo.toJpeg(), CONSENT_WORDING) }

    suspend fun delete(id: String) = using { log.delete(id) }

    suspend fun deleteAll() = using { log.deleteAll() }

    /**
     * Takes the consent back and deletes everything that was kept under it.
     *
     * @throws IOException if something is still there.
     */
    suspend fun withdraw() = using { log.withdraw() }

    /** Sets the limits and deletes what is beyond them. */
    suspend fun limit(retention: Retention) = using { log.limit(retention) }

    /** Does [action] with the records while none can be deleted. */
    suspend fun <T> withRecords(action: (List<FeedbackSummary>) -> T): T = lock.withLock {
        withContext(Dispatchers.IO) { action(summaries()) }
    }

    /** Works on the log, one after the other, and then tells what it holds. */
    private suspend fun using(action: () -> Unit) = lock.withLock {
        withContext(Dispatchers.IO) {
            try {
                action()
            } finally {
                val (consent, retention) = log.settings
                mutableState.value = FeedbackState(consent, retention, summaries().asReversed())
            }
        }
    }

    private fun summaries() = log.list().map(FeedbackSummary::of)
}
