package dev.decant.demo

import android.content.Context
import dev.decant.core.BundleSource
import dev.decant.core.Sidecar
import dev.decant.core.SidecarReader
import java.io.ByteArrayInputStream
import java.io.InputStream

/** The sidecar of the model in the app's assets; without `make demo` there is none. */
fun ownSidecar(context: Context): Sidecar = SidecarReader.read(String(ownSidecarBytes(context)))

private fun ownSidecarBytes(context: Context): ByteArray =
    checkNotNull(ModelFiles(context.assets).open("model.json")).use { it.readBytes() }

/**
 * The app's own model as another bundle: its sidecar ends with another blank line, and so it has another id.
 *
 * @param damaged a file that is not the one described.
 */
class AnotherBundle(private val context: Context, private val damaged: String? = null) : BundleSource {
    private val own = ModelFiles(context.assets)
    override val name = "another"
    override val files: Set<String>? = null

    override fun open(path: String): InputStream? = when (path) {
        "model.json" -> ByteArrayInputStream(ownSidecarBytes(context) + "\n".toByteArray())
        damaged -> ByteArrayInputStream(ByteArray(1))
        else -> own.open(path)
    }
}
