package dev.decant.demo

import android.content.Context
import android.net.Uri
import dev.decant.core.BundleSource
import dev.decant.core.InstalledBundle
import dev.decant.core.InstalledBundles
import dev.decant.core.toUse
import java.io.File
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/**
 * The models on this device.
 *
 * @property own the id of the one that came with the app; null where it came without.
 * @property chosen the one to use; null where there is none.
 */
data class BundlesState(
    val all: List<InstalledBundle> = emptyList(),
    val own: String? = null,
    val chosen: InstalledBundle? = null,
)

/** Keeps models in a folder that only this app reads, the app's own among them. */
class BundleStore(private val context: Context) {
    private val installed = InstalledBundles(File(context.noBackupFilesDir, "bundles"))
    private val preferences = context.getSharedPreferences("bundles", Context.MODE_PRIVATE)
    private val lock = Mutex()
    private val mutableState = MutableStateFlow(BundlesState())

    val state: StateFlow<BundlesState> = mutableState.asStateFlow()

    /**
     * Unpacks the app's own model where it is not there yet, deletes what an end of the app has left of taking
     * one, and tells which one is chosen.
     *
     * @throws IOException if it cannot be unpacked, such as for want of storage, unless the user chose another one.
     */
    suspend fun open(): InstalledBundle? = try {
        using {
            installed.sweep()
            takeOwn()
            null
        }.chosen
    } catch (error: IOException) {
        state.value.chosen?.takeIf { it.id == preferences.getString(CHOSEN, null) } ?: throw error
    }

    /**
     * Takes a model, and chooses it.
     *
     * @throws IOException if it is refused; see [InstalledBundles.take].
     */
    suspend fun take(source: BundleSource) = using { installed.take(source).id }

    /**
     * Takes the model in a zip, and chooses it.
     *
     * @throws IOException as [take].
     */
    suspend fun takeZip(document: Uri) = using {
        withZip(context.contentResolver, document) { zip, name -> installed.takeZip(zip, name).id }
    }

    suspend fun choose(id: String) = using { id }

    /** Deletes a model; where it was chosen, the app's own is used again. */
    suspend fun delete(id: String) = using {
        installed.delete(id)
        null
    }

    /** Does [action], which may choose a model, and tells what there is afterwards. */
    private suspend fun using(action: () -> String?): BundlesState = lock.withLock {
        withContext(Dispatchers.IO) {
            try {
                action()?.let { preferences.edit().putString(CHOSEN, it).apply() }
            } finally {
                // A model that cannot be unpacked for want of storage leaves the others to be used, or deleted.
                mutableState.value = read()
            }
            mutableState.value
        }
    }

    private fun read(): BundlesState {
        val all = installed.list()
        val own = preferences.getString(OWN, null)
        return BundlesState(all, own, all.toUse(preferences.getString(CHOSEN, null), own))
    }

    /** A new version of the app may bring another model, which then replaces the one before. */
    private fun takeOwn() {
        val before = preferences.getString(OWN, null)
        val files = ModelFiles(context.assets)
        val id = files.open("model.json")?.let { stream ->
            stream.close()
            installed.take(files).id
        }
        if (before != null && before != id) installed.delete(before)
        preferences.edit().putString(OWN, id).apply()
    }

    private companion object {
        const val OWN = "own"
        const val CHOSEN = "chosen"
    }
}
