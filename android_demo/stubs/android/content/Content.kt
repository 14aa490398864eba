package android.content

import android.content.res.AssetManager
import android.content.res.Resources
import android.net.Uri
import java.io.File
import java.io.InputStream
import java.io.OutputStream

abstract class Context {
    val assets: AssetManager get() = error("stub")
    val cacheDir: File get() = error("stub")
    val resources: Resources get() = error("stub")
    val noBackupFilesDir: File get() = error("stub")
    val contentResolver: ContentResolver get() = error("stub")
    val packageName: String get() = error("stub")

    fun getSharedPreferences(name: String, mode: Int): SharedPreferences = error("stub")

    fun getString(id: Int): String = error("stub")

    fun getString(id: Int, vararg arguments: Any): String = error("stub")

    companion object {
        const val MODE_PRIVATE = 0
    }
}

interface SharedPreferences {
    fun getString(key: String, default: String?): String?

    fun getInt(key: String, default: Int): Int

    fun getLong(key: String, default: Long): Long

    fun edit(): Editor

    interface Editor {
        fun putString(key: String, value: String?): Editor

        fun putInt(key: String, value: Int): Editor

        fun putLong(key: String, value: Long): Editor

        fun remove(key: String): Editor

        fun apply()
    }
}

class Intent(action: String, data: Uri?) {
    companion object {
        const val FLAG_GRANT_READ_URI_PERMISSION = 1
    }
}

abstract class ContentResolver {
    fun openInputStream(uri: Uri): InputStream? = error("stub")

    fun openOutputStream(uri: Uri, mode: String): OutputStream? = error("stub")

    fun takePersistableUriPermission(uri: Uri, flags: Int): Unit = error("stub")
}
