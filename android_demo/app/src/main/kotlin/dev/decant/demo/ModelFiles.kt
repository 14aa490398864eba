package dev.decant.demo

import android.content.res.AssetManager
import dev.decant.core.BundleSource
import java.io.FileNotFoundException
import java.io.InputStream

/** The bundle that `make demo` puts into the app's assets. */
class ModelFiles(private val assets: AssetManager) : BundleSource {
    override val name = "the app's own model"
    override val files: Set<String>? = null

    override fun open(path: String): InputStream? = try {
        assets.open("$FOLDER/$path")
    } catch (_: FileNotFoundException) {
        null
    }

    private companion object {
        const val FOLDER = "model"
    }
}
