package dev.decant.core

import java.io.File

/**
 * Folders for the programs that an accelerator compiles of a model file, so that the next start need not.
 *
 * @param root what is in it belongs to this cache.
 * @param runtime what the programs were compiled by, such as the versions of app and system: programs of
 *   another one are not used.
 */
class ProgramCache(private val root: File, runtime: String) {
    private val stamp = sha256(runtime.toByteArray()).take(STAMP_DIGITS)

    /**
     * Does [action] with the folder of a model file. Where it fails although, or because, there are programs
     * in it, these are deleted and it is tried once more.
     *
     * @param sha256 of the model file.
     */
    fun <T> using(sha256: String, action: (File) -> T): T {
        val folder = File(root, name(sha256))
        val isOld = !folder.list().isNullOrEmpty()
        folder.mkdirs()
        return try {
            action(folder)
        } catch (error: EngineException) {
            if (!isOld) throw error
            folder.deleteRecursively()
            folder.mkdirs()
            action(folder)
        }
    }

    /** Deletes the programs of all other model files, and those of another runtime. */
    fun keepOnly(hashes: Collection<String>) {
        val kept = hashes.map(::name)
        root.listFiles().orEmpty().filter { it.name !in kept }.forEach { it.deleteRecursively() }
    }

    private fun name(sha256: String) = "$sha256-$stamp"

    private companion object {
        const val STAMP_DIGITS = 16
    }
}
