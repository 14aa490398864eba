package dev.decant.core

import java.io.InputStream

private const val HEAD_BYTES = 12
private const val BUFFER_BYTES = 1 shl 16
private const val ENDED = -1
private val HEIF_BRANDS =
    setOf("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis")

/** What is wrong with the file of a photo that Android cannot decode. */
fun undecodable(file: InputStream): PhotoFault {
    val bytes = Bytes(file)
    val head = generateSequence { bytes.next().takeIf { it != ENDED }?.toChar() }.take(HEAD_BYTES)
        .joinToString("")
    return when {
        head.isEmpty() -> PhotoFault.EMPTY
        // ISO/IEC 14496-12, section 4.3: the box of the file's type begins with its major brand.
        head.drop(4).startsWith("ftyp") && head.drop(8) in HEIF_BRANDS -> PhotoFault.UNKNOWN_FORMAT
        else -> PhotoFault.NO_PICTURE
    }
}

/**
 * Whether a JPEG ends before its picture does, by the markers of ITU-T T.81; false for any other file.
 *
 * Android decodes such a file, and leaves the rest of the picture grey.
 */
fun isCutShort(file: InputStream): Boolean {
    val bytes = Bytes(file)
    if (bytes.next() != 0xFF || bytes.next() != 0xD8) return false
    while (true) {
        when (bytes.marker()) {
            ENDED -> return true
            0xD9 -> return false
            // A stuffed FF of the coded picture, and what comes without a length.
            0x00, 0x01, in 0xD0..0xD7 -> Unit
            else -> bytes.skip((bytes.next() shl 8) + bytes.next() - 2)
        }
    }
}

/** A stream byte by byte; its own reads take a lock for each. */
private class Bytes(private val file: InputStream) {
    private val buffer = ByteArray(BUFFER_BYTES)
    private var at = 0
    private var end = 0

    fun next(): Int {
        if (at == end) {
            at = 0
            end = file.read(buffer)
            if (end <= 0) {
                end = 0
                return ENDED
            }
        }
        return buffer[at++].toInt() and 0xFF
    }

    /** What follows the next FF, or row of them. */
    fun marker(): Int {
        var byte = next()
        while (byte != 0xFF && byte != ENDED) byte = next()
        while (byte == 0xFF) byte = next()
        return byte
    }

    fun skip(count: Int) = repeat(maxOf(0, count)) { if (next() == ENDED) return }
}
