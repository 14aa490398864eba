package dev.decant.core

import java.io.File
import java.security.DigestInputStream
import java.security.MessageDigest

private const val BLOCK = 1 shl 16

/** The SHA-256 of some bytes, as 64 hexadecimal digits. */
fun sha256(bytes: ByteArray): String = newSha256().digest(bytes).hexadecimal()

/** The SHA-256 of a file, which is not read into memory as a whole. */
fun sha256(file: File): String {
    val digest = newSha256()
    DigestInputStream(file.inputStream(), digest).use { stream ->
        val block = ByteArray(BLOCK)
        while (stream.read(block) >= 0) Unit
    }
    return digest.digest().hexadecimal()
}

internal fun newSha256(): MessageDigest = MessageDigest.getInstance("SHA-256")

internal fun ByteArray.hexadecimal(): String = joinToString("") { "%02x".format(it) }
