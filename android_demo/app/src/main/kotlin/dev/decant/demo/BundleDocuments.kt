package dev.decant.demo

import android.content.ContentResolver
import android.net.Uri
import android.provider.DocumentsContract
import android.provider.DocumentsContract.Document
import dev.decant.core.BUNDLE_BYTES
import dev.decant.core.BundleSource
import dev.decant.core.CheckedZip
import dev.decant.core.ZipSource
import dev.decant.core.copyAtMost
import java.io.File
import java.io.IOException
import java.io.InputStream

/** A bundle in a folder that the user chose in the system's picker. */
class TreeSource(private val resolver: ContentResolver, private val tree: Uri) : BundleSource {
    override val name: String = tree.lastPathSegment ?: "the folder"

    // What else lies in the folder is not opened.
    override val files: Set<String>? = null

    private val children = HashMap<String, Map<String, String>>()

    override fun open(path: String): InputStream? {
        var document = DocumentsContract.getTreeDocumentId(tree)
        for (part in path.split('/')) {
            document = children.getOrPut(document) { list(document) }[part] ?: return null
        }
        return resolver.openInputStream(DocumentsContract.buildDocumentUriUsingTree(tree, document))
    }

    /** The ids of a folder's documents by their names. */
    private fun list(folder: String): Map<String, String> {
        val columns = arrayOf(Document.COLUMN_DISPLAY_NAME, Document.COLUMN_DOCUMENT_ID)
        val uri = DocumentsContract.buildChildDocumentsUriUsingTree(tree, folder)
        val rows = resolver.query(uri, columns, null, null, null)
            ?: throw IOException("$name: cannot be read; choose another folder")
        return rows.use {
            buildMap { while (it.moveToNext()) put(it.getString(0), it.getString(1)) }
        }
    }
}

/**
 * Hands out the bundle in a zip that the user chose; the copy that it is read from is deleted afterwards.
 *
 * @param folder for the copy.
 * @throws IOException if it cannot be read, or is refused.
 */
inline fun <T> withZip(
    resolver: ContentResolver,
    document: Uri,
    folder: File,
    action: (BundleSource) -> T,
): T {
    val name = document.lastPathSegment ?: "the zip"
    val copy = File.createTempFile("bundle", ".zip", folder)
    try {
        val stream = resolver.openInputStream(document) ?: throw IOException("$name: no longer there")
        stream.use { it.copyAtMost(BUNDLE_BYTES, copy, name) }
        return CheckedZip(copy, ZipSource.LIMITS).use { action(ZipSource(it, name)) }
    } finally {
        copy.delete()
    }
}
