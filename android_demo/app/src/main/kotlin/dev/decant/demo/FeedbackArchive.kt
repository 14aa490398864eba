package dev.decant.demo

import android.content.ContentResolver
import android.net.Uri
import android.os.Build
import dev.decant.core.AppInfo
import dev.decant.core.FeedbackExport
import dev.decant.core.FeedbackSummary
import dev.decant.core.Sidecar
import java.io.FilterOutputStream
import java.io.OutputStream

/**
 * How many records went into an archive.
 *
 * @property others those that the importer would refuse the archive for: of other models, damaged, or
 *   kept while the clock was wrong.
 */
data class Exported(val records: Int, val others: Int)

/** Writes feedback into documents that the user chose. */
class FeedbackArchive(private val resolver: ContentResolver) {
    /**
     * Writes the records of a model; a document that could not be finished is deleted.
     *
     * @param onShare gets the share that is written, 0…1.
     * @throws IOException if the document cannot be written.
     * @throws IllegalArgumentException if there is no record that an importer takes.
     */
    fun write(
        all: List<FeedbackSummary>,
        sidecar: Sidecar,
        to: Uri,
        onShare: (Float) -> Unit,
    ): Exported {
        val export = FeedbackExport(sidecar, app())
        val created = System.currentTimeMillis()
        val records = export.choose(all, created)
        val bytes = records.sumOf { it.sizeBytes }
        resolver.writeDocument(to) { document ->
            CountingStream(document) { onShare((it.toFloat() / bytes).coerceAtMost(1f)) }
                .use { export.write(records, created, it) }
        }
        return Exported(records.size, all.size - records.size)
    }

    private fun app() = AppInfo(
        name = BuildConfig.APPLICATION_ID,
        version = BuildConfig.VERSION_NAME,
        platform = "Android ${Build.VERSION.RELEASE} (API ${Build.VERSION.SDK_INT})",
    )
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
