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
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/**
 * What is kept, and what the user allows.
 *
 * @property records newest first; null until they were read.
 */
data class FeedbackState(
    val consent: Consent?,
    val retention: Retention,
    val records: List<FeedbackSummary>? = null,
)

/** Keeps feedback in a folder that only this app reads, and that is in no backup. */
class FeedbackStore(context: Context) {
    private val folder = File(context.noBackupFilesDir, "feedback")
    private val settings = FeedbackSettings(context)
    private val lock = Mutex()
    private val mutableState = MutableStateFlow(FeedbackState(settings.consent, settings.retention))

    val state: StateFlow<FeedbackState> = mutableState.asStateFlow()

    /** Whether the user has agreed to the present wording. */
    val hasConsent: Boolean get() = settings.consent?.textVersion == CONSENT_TEXT_VERSION

    /** Reads what is kept, and deletes what has become too old. */
    suspend fun open() = using { it.applyRetention() }

    fun agree() {
        settings.agree(System.currentTimeMillis())
        mutableState.update { it.copy(consent = settings.consent) }
    }

    /**
     * Writes a record with its photo.
     *
     * @throws IOException if there is no room.
     * @throws IllegalArgumentException if there is no consent.
     */
    suspend fun keep(record: FeedbackRecord, photo: Bitmap) = using { log ->
        log.add(record, photo.toJpeg(), settings.consent.takeIf { hasConsent })
    }

    suspend fun delete(id: String) = using { it.delete(id) }

    suspend fun deleteAll() = using { it.deleteAll() }

    /**
     * Takes the consent back and deletes everything that was kept under it.
     *
     * @throws IOException if something is still there.
     */
    suspend fun withdraw() {
        settings.withdraw()
        mutableState.update { it.copy(consent = null) }
        using {
            if (!folder.deleteRecursively()) throw IOException("$folder: cannot be deleted")
        }
    }

    /** Does [action] with the records while none can be deleted. */
    suspend fun <T> withRecords(action: (List<FeedbackSummary>) -> T): T = lock.withLock {
        withContext(Dispatchers.IO) { action(summaries()) }
    }

    /** Sets the limits and deletes what is beyond them. */
    suspend fun limit(retention: Retention) {
        settings.limit(retention)
        mutableState.update { it.copy(retention = retention) }
        using { it.applyRetention() }
    }

    /** Works on the log, one after the other, and then tells what it holds. */
    private suspend fun using(action: (FeedbackLog) -> Unit) = lock.withLock {
        withContext(Dispatchers.IO) {
            try {
                action(log())
            } finally {
                val records = summaries().asReversed()
                mutableState.update { it.copy(records = records) }
            }
        }
    }

    private fun log() = FeedbackLog(folder, settings.retention)

    private fun summaries() = log().list().map(FeedbackSummary::of)
}
