package dev.decant.demo

import android.content.ContentResolver
import android.net.Uri
import android.provider.DocumentsContract
import dev.decant.core.onDocument
import java.io.IOException
import java.io.OutputStream

/**
 * Writes a document that the user chose; one that could not be finished is deleted.
 *
 * @throws IOException if it cannot be written.
 */
fun ContentResolver.writeDocument(to: Uri, action: (OutputStream) -> Unit) {
    var finished = false
    try {
        val stream = onDocument("$to") { openOutputStream(to, "wt") }
            ?: throw IOException("$to: cannot be opened for writing; choose another place")
        stream.use(action)
        finished = true
    } finally {
        if (!finished) deleteDocument(to)
    }
}

private fun ContentResolver.deleteDocument(document: Uri) {
    try {
        DocumentsContract.deleteDocument(this, document)
    } catch (_: IOException) {
        // The user sees the failure that led here; not every provider can delete.
    } catch (_: RuntimeException) {
        // As above: providers throw what they like.
    }
}
