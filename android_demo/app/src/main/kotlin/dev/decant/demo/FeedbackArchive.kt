package dev.decant.demo

import android.content.ContentResolver
import android.net.Uri
import android.os.Build
import android.provider.DocumentsContract
import dev.decant.core.AppInfo
import dev.decant.core.Consent
import dev.decant.core.FeedbackExport
import dev.decant.core.FeedbackSummary
import dev.decant.core.Sidecar
import java.io.FilterOutputStream
import java.io.IOException
import java.io.OutputStream

/**
 * How many records went into an archive.
 *
 * @property others those of other models, and damaged ones: the importer would refuse the archive.
 */
data class Exported(val records: Int, val others: Int)

/** Writes feedback into documents that the user chose. */
class FeedbackArchive(private val resolver: ContentResolver) {
    /**
     * Writes the records of a model; a document that could not be finished is deleted.
     *
     * @param onShare gets the share that is written, 0…1.
     * @throws IOException if the document cannot be written.
     * @throws IllegalArgumentException if no record is of the model.
     */
    fun write(
        all: List<FeedbackSummary>,
        sidecar: Sidecar,
        consent: Consent,
        to: Uri,
        onShare: (Float) -> Unit,
    ): Exported {
        val hashes = sidecar.variants.map { it.sha256 }
        val records = all.filter { it.modelSha256 in hashes }.map { it.stored }
        val bytes = records.sumOf { it.sizeBytes }
        var finished = false
        try {
            val document = resolver.openOutputStream(to, "wt")
                ?: throw IOException("$to: cannot be opened for writing")
            val export = FeedbackExport(sidecar, app(), consent)
            CountingStream(document) { onShare((it.toFloat() / bytes).coerceAtMost(1f)) }
                .use { export.write(records, System.currentTimeMillis(), it) }
            finished = true
        } finally {
            if (!finished) delete(to)
        }
        return Exported(records.size, all.size - records.size)
    }

    private fun app() = AppInfo(
        name = BuildConfig.APPLICATION_ID,
        version = BuildConfig.VERSION_NAME,
        platform = "Android ${Build.VERSION.RELEASE} (API ${Build.VERSION.SDK_INT})",
    )

    private fun delete(document: Uri) {
        try {
            DocumentsContract.deleteDocument(resolver, document)
        } catch (_: IOException) {
            // The user sees the failure that led here; not every provider can delete.
        } catch (_: RuntimeException) {
            // As above: providers throw what they like.
        }
    }
}

/** Tells how many bytes went through; the records are hardly smaller in the archive. */
private class CountingStream(out: OutputStream, private val onBytes: (Long) -> Unit) :
    FilterOutputStream(out) {
    private var bytes = 0L

    override fun write(byte: Int) = count(1) { out.write(byte) }

    override fun write(source: ByteArray, offset: Int, length: Int) =
        count(length) { out.write(source, offset, length) }

    private inline fun count(length: Int, action: () -> Unit) {
        action()
        bytes += length
        onBytes(bytes)
    }
}
