package dev.decant.core

import java.io.File
import java.io.IOException
import java.security.SecureRandom
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import java.util.TimeZone

/** How much feedback is kept on the device; the oldest goes first. */
data class Retention(val maxRecords: Int, val maxBytes: Long, val maxAgeMs: Long)

/** One record as it lies on the device. */
data class StoredFeedback(val id: String, val record: File, val image: File) {
    val sizeBytes: Long get() = record.length() + image.length()
    val capturedMs: Long get() = record.lastModified()
}

/**
 * Feedback in a private folder of the device: records/ID.json and images/ID.jpg.
 *
 * @param now milliseconds since 1970.
 */
class FeedbackLog(
    private val folder: File,
    private val retention: Retention,
    private val now: () -> Long = System::currentTimeMillis,
) {
    private val random = SecureRandom()

    /**
     * Keeps a record with its photo, without anything in the file that is not picture.
     *
     * @param jpeg the upright photo as a baseline JPEG.
     * @return the record's ID.
     * @throws IllegalArgumentException if it is no such JPEG or a correction is of no prediction.
     */
    fun add(record: FeedbackRecord, jpeg: ByteArray, consent: Consent?): String {
        requireNotNull(consent) { "the user has not agreed to keep photos" }
        checkCorrections(record)
        val picture = JpegPrivacy.strip(jpeg)
        val id = ByteArray(16).also(random::nextBytes).joinToString("") { "%02x".format(it) }
        val stored = stored(id)
        val captured = now()
        write(stored.image, picture)
        // The record comes last: one without its photo would be broken, a photo alone is swept up.
        write(stored.record, FeedbackJson.record(id, isoTime(captured), record).toString().toByteArray())
        stored.record.setLastModified(captured)
        applyRetention()
        return id
    }

    /** All records, oldest first. */
    fun list(): List<StoredFeedback> = File(folder, "records").listFiles().orEmpty()
        .map { stored(it.nameWithoutExtension) }
        .filter { ID.matches(it.id) && it.image.isFile }
        .sortedWith(compareBy({ it.capturedMs }, { it.id }))

    fun delete(id: String) {
        val stored = stored(id)
        stored.record.delete()
        stored.image.delete()
    }

    fun deleteAll() = list().forEach { delete(it.id) }

    /** Deletes what is too old, then the oldest until the rest is within its limits. */
    fun applyRetention() {
        val (old, kept) = list().partition { now() - it.capturedMs > retention.maxAgeMs }
        old.forEach { delete(it.id) }
        var count = kept.size
        var bytes = kept.sumOf { it.sizeBytes }
        for (stored in kept) {
            if (count <= retention.maxRecords && bytes <= retention.maxBytes) break
            count--
            bytes -= stored.sizeBytes
            delete(stored.id)
        }
        sweep()
    }

    /** Deletes photos whose record was never written. */
    private fun sweep() {
        File(folder, "images").listFiles().orEmpty()
            .filterNot { stored(it.nameWithoutExtension).record.isFile }
            .forEach { it.delete() }
    }

    private fun checkCorrections(record: FeedbackRecord) = record.corrections.forEach { correction ->
        val prediction = when (correction) {
            is Correction.Delete -> correction.prediction
            is Correction.Move -> correction.prediction
            is Correction.Add, is Correction.Remark -> return@forEach
        }
        require(prediction in record.predictions.indices) {
            "a correction is of prediction $prediction; there are ${record.predictions.size}"
        }
    }

    private fun stored(id: String) =
        StoredFeedback(id, File(folder, "records/$id.json"), File(folder, "images/$id.jpg"))

    private fun write(file: File, bytes: ByteArray) {
        val parent = file.parentFile
        if (!parent.isDirectory && !parent.mkdirs()) throw IOException("$parent cannot be made")
        file.writeBytes(bytes)
    }

    private companion object {
        val ID = Regex("[0-9a-f]{32}")
    }
}

/** A time in ISO-8601, UTC; java.time needs Android 8. */
internal fun isoTime(milliseconds: Long): String =
    SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT)
        .apply { timeZone = TimeZone.getTimeZone("UTC") }
        .format(Date(milliseconds))
