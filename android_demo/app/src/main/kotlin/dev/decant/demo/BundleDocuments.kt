package dev.decant.demo

import android.content.ContentResolver
import android.net.Uri
import android.provider.DocumentsContract
import android.provider.DocumentsContract.Document
import dev.decant.core.BundleSource
import dev.decant.core.onDocument
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
        val file = DocumentsContract.buildDocumentUriUsingTree(tree, document)
        return onDocument(name) { resolver.openInputStream(file) }
    }

    /** The ids of a folder's documents by their names. */
    private fun list(folder: String): Map<String, String> = onDocument(name) {
        val columns = arrayOf(Document.COLUMN_DISPLAY_NAME, Document.COLUMN_DOCUMENT_ID)
        val uri = DocumentsContract.buildChildDocumentsUriUsingTree(tree, folder)
        val rows = resolver.query(uri, columns, null, null, null)
            ?: throw IOException("$name: cannot be read; choose another folder")
        rows.use {
            buildMap { while (it.moveToNext()) put(it.getString(0), it.getString(1)) }
        }
    }
}

/**
 * Hands out the zip that the user chose, with the name that they know it by.
 *
 * @throws IOException if it cannot be read.
 */
fun <T> withZip(resolver: ContentResolver, document: Uri, action: (InputStream, String) -> T): T {
    val name = nameOf(resolver, document)
    val stream = onDocument(name) { resolver.openInputStream(document) }
        ?: throw IOException("$name: no longer there; choose it again")
    return stream.use { action(it, name) }
}

/** The name of a document; the end of its address where its app does not tell one. */
private fun nameOf(resolver: ContentResolver, document: Uri): String {
    val address = document.lastPathSegment ?: "the zip"
    val columns = arrayOf(Document.COLUMN_DISPLAY_NAME)
    val name = onDocument(address) {
        resolver.query(document, columns, null, null, null)
            ?.use { if (it.moveToNext()) it.getString(0) else null }
    }
    return name ?: address
}
