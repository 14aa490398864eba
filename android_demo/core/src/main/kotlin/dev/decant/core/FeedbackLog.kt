package dev.decant.core

import java.io.File
import java.io.IOException
import java.security.SecureRandom

/** One record as it lies on the device. */
data class StoredFeedback(val id: String, val record: File, val image: File) {
    val sizeBytes: Long get() = record.length() + image.length()
    val keptMs: Long get() = record.lastModified()
}

/**
 * Feedback in a private folder of the device: settings.json, records/ID.json and images/ID.jpg.
 *
 * Everything may throw an IOException, if a file cannot be written or deleted.
 *
 * @param now milliseconds since 1970.
 */
class FeedbackLog(private val folder: File, private val now: () -> Long = System::currentTimeMillis) {
    private val random = SecureRandom()
    private val file = File(folder, "settings.json")
    private val records = File(folder, "records")
    private val images = File(folder, "images")

    val settings: FeedbackSettings get() = FeedbackSettings.read(file)

    /** Deletes what is there without a consent, as a withdrawal that was cut short leaves it, or too long. */
    fun open() {
        if (settings.consent == null) deleteAll()
        applyRetention()
    }

    /** Says that the user agrees to a wording; what was kept before stays under what it was kept under. */
    fun agree(wording: ConsentWording) = settings.copy(consent = Consent(now(), wording)).write(file)

    /** Takes the consent back and deletes all that was kept under it. */
    fun withdraw() {
        // First, so that open() goes on with what is left if this is cut short.
        settings.copy(consent = null).write(file)
        deleteAll()
    }

    /** Sets the limits and deletes what is beyond them. */
    fun limit(retention: Retention) {
        settings.copy(retention = retention).write(file)
        applyRetention()
    }

    /**
     * Keeps a record with its photo, without anything in the file that is not picture.
     *
     * @param jpeg the upright photo as a baseline JPEG.
     * @param wording that the user must have agreed to.
     * @return the record's ID.
     * @throws IllegalArgumentException if the user has not, the JPEG is none, or a correction is of no
     *   prediction.
     */
    fun add(record: FeedbackRecord, jpeg: ByteArray, wording: ConsentWording): String {
        val kept = now()
        val consent = consentTo(wording, kept)
        checkCorrections(record)
        val picture = JpegPrivacy.strip(jpeg)
        require(picture.size <= MAX_IMAGE_BYTES) { "the photo has ${picture.size} bytes; no importer takes it" }
        val id = ByteArray(16).also(random::nextBytes).joinToString("") { "%02x".format(it) }
        val stored = stored(id)
        // The record comes last: one without its photo would be broken, a photo alone is swept up.
        stored.image.writeWhole(picture)
        stored.record.writeWhole(FeedbackJson.record(id, kept, consent, record).toString().toByteArray())
        stored.record.setLastModified(kept)
        applyRetention()
        return id
    }

    /** All records, oldest first. */
    fun list(): List<StoredFeedback> = records.listFiles().orEmpty()
        .filter { it.extension == "json" }
        .map { stored(it.nameWithoutExtension) }
        .filter { ID.matches(it.id) && it.image.isFile }
        .sortedWith(compareBy({ it.keptMs }, { it.id }))

    fun delete(id: String) {
        val stored = stored(id)
        stored.record.remove()
        stored.image.remove()
    }

    /** Deletes every photo and record, damaged ones too; consent and limits stay. */
    fun deleteAll() = files().forEach { it.remove() }

    /** Deletes what is too old, then the oldest until the rest is within its limits. */
    private fun applyRetention() {
        val retention = settings.retention
        val (old, kept) = list().partition { now() - it.keptMs > retention.maxAgeMs }
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

    /** Deletes what writing was cut short at: photos without a record, and halves of files. */
    private fun sweep() {
        val whole = list().flatMap { listOf(it.record, it.image) }.toSet()
        files().filterNot { it in whole }.forEach { it.remove() }
    }

    private fun files() = listOf(records, images).flatMap { it.listFiles().orEmpty().asList() }

    private fun consentTo(wording: ConsentWording, atMs: Long): Consent {
        val consent = settings.consent
        require(consent?.wording == wording) { "the user has not agreed to keep photos" }
        require(checkNotNull(consent).covers(atMs, atMs)) {
            "the device's clock says ${isoTime(atMs)}, before the consent of ${consent.given}; set it, or " +
                "withdraw the consent and agree again"
        }
        return consent
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

    private fun stored(id: String) = StoredFeedback(id, File(records, "$id.json"), File(images, "$id.jpg"))

    private companion object {
        val ID = Regex("[0-9a-f]{32}")

        /** As the importer has it. */
        const val MAX_IMAGE_BYTES = 20_000_000
    }
}
