package android.provider

import android.content.ContentResolver
import android.net.Uri

object DocumentsContract {
    fun deleteDocument(resolver: ContentResolver, document: Uri): Boolean = error("stub")
}
