package dev.decant.core

import java.io.File
import java.io.IOException

/**
 * Leaves alone a rung that ended the app twice while it was tried.
 *
 * A driver that crashes takes the process with it, before anything can be caught, and would do so at every start.
 * The first time it may have been the user or the system who ended the app, so the rung is tried once more.
 *
 * @param file where the rungs are noted that are being tried; null to note nothing.
 * @param key what the notes hold for, as [LadderMemory.key]; under another one they count as none.
 */
class CrashGuard(private val file: File?, private val key: String) {
    /**
     * Does [action], which tries [rung] and comes back unless it ends the process.
     *
     * @throws EngineException if it has done so twice; [action] is then not done.
     */
    fun <T> trying(rung: Rung, action: () -> T): T {
        val name = rung.toString()
        val noted = noted()
        if (noted.count { it == name } >= MOST) {
            throw EngineException("the app ended $MOST times while this was tried; measure again to try it once more")
        }
        note(noted + name)
        try {
            return action()
        } finally {
            note(noted.filterNot { it == name })
        }
    }

    /** A line for each time that a rung was tried, and the app ended. */
    private fun noted(): List<String> {
        val lines = try {
            file?.readLines().orEmpty()
        } catch (_: IOException) {
            emptyList()
        }
        return if (lines.firstOrNull() == key) lines.drop(1) else emptyList()
    }

    private fun note(names: List<String>) {
        if (file == null) return
        try {
            if (names.isEmpty()) file.delete()
            else file.writeWhole((listOf(key) + names).joinToString("\n").toByteArray())
        } catch (_: IOException) {
            // Without room for it, a rung is tried unguarded.
        }
    }

    private companion object {
        const val MOST = 2
    }
}
