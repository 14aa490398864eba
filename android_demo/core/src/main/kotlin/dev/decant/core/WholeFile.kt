package dev.decant.core

import java.io.File
import java.io.FileOutputStream
import java.io.IOException

/**
 * Writes a file whole or not at all, even if the battery ends.
 *
 * @throws IOException if there is no room.
 */
internal fun File.writeWhole(bytes: ByteArray) {
    val folder = parentFile
    if (!folder.isDirectory && !folder.mkdirs()) throw IOException("$folder: cannot be made; free some storage")
    val unfinished = File(folder, "$name.tmp")
    try {
        FileOutputStream(unfinished).use {
            it.write(bytes)
            it.fd.sync()
        }
        if (!unfinished.renameTo(this)) throw IOException("$this: cannot be written; free some storage")
    } finally {
        unfinished.delete()
    }
}

/** @throws IOException if it is still there. */
internal fun File.remove() {
    if (!delete() && exists()) throw IOException("$this: cannot be deleted; try again")
}
