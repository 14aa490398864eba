package dev.decant.demo

import android.content.Context
import android.content.res.AssetManager
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream

private const val FOLDER = "model"

/** The bundle that `make demo` puts into the app's assets. */
class ModelFiles(private val context: Context) {
    private val assets: AssetManager = context.assets

    /** The text of a file of the bundle; null where there is none. */
    fun text(name: String): String? = try {
        open(name).bufferedReader().use { it.readText() }
    } catch (_: FileNotFoundException) {
        null
    }

    /** Copies the bundle out of the APK, for LiteRT reads models from files; gives the folder. */
    fun unpack(): File {
        val target = File(context.noBackupFilesDir, FOLDER)
        target.deleteRecursively()
        copy("", target)
        return target
    }

    private fun copy(name: String, target: File) {
        val path = if (name.isEmpty()) FOLDER else "$FOLDER/$name"
        val children = assets.list(path).orEmpty()
        if (children.isEmpty()) {
            open(name).use { source -> target.outputStream().use(source::copyTo) }
            return
        }
        if (!target.mkdirs()) throw IOException("$target: cannot be made; free some storage")
        for (child in children) {
            copy(if (name.isEmpty()) child else "$name/$child", File(target, child))
        }
    }

    private fun open(name: String): InputStream = assets.open("$FOLDER/$name")
}
