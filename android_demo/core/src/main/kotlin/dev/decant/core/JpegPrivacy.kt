package dev.decant.core

import java.io.ByteArrayOutputStream

/** Strips a JPEG of all that is not picture: EXIF with its location, XMP, comments, what follows its end. */
object JpegPrivacy {
    private const val START = 0xD8
    private const val END = 0xD9
    private const val SCAN = 0xDA
    private const val BASELINE = 0xC0

    private const val SEGMENT_HEADER = 4

    /** The frame, its tables and scans. */
    private val PICTURE = setOf(BASELINE, 0xC4, SCAN, 0xDB, 0xDD)

    /**
     * The same picture without anything else.
     *
     * @throws IllegalArgumentException if the bytes are not a whole baseline JPEG.
     */
    fun strip(jpeg: ByteArray): ByteArray {
        require(jpeg.size > 4 && marker(jpeg, 0) == START) { "not a JPEG" }
        val kept = ByteArrayOutputStream(jpeg.size)
        kept.write(jpeg, 0, 2)
        var at = 2
        var baseline = false
        while (marker(jpeg, at) != END) {
            val kind = marker(jpeg, at)
            val header = at + 2 + length(jpeg, at)
            val end = if (kind == SCAN) scanEnd(jpeg, header) else header
            require(end <= jpeg.size) { "the JPEG is truncated" }
            require(kind !in 0xC1..0xCF || kind == 0xC4) {
                "the JPEG is not baseline; encode the picture again"
            }
            baseline = baseline || kind == BASELINE
            if (kind in PICTURE || tellsColours(jpeg, kind, at, end)) kept.write(jpeg, at, end - at)
            at = end
        }
        require(baseline) { "the JPEG has no picture" }
        kept.write(jpeg, at, 2)
        return kept.toByteArray()
    }

    /** Whether a segment says how to read the colours: JFIF without thumbnail, ICC profile, Adobe. */
    private fun tellsColours(jpeg: ByteArray, kind: Int, at: Int, end: Int): Boolean {
        val body = String(jpeg, at + SEGMENT_HEADER, end - at - SEGMENT_HEADER, Charsets.ISO_8859_1)
        return when (kind) {
            0xE0 -> body.startsWith("JFIF\u0000") && body.length == 14
            0xE2 -> isColourProfile(body)
            0xEE -> body.startsWith("Adobe") && body.length == 12
            else -> false
        }
    }

    /** Whether it is an ICC profile, with nothing before or after it: anything else may be hidden. */
    private fun isColourProfile(body: String): Boolean {
        val profile = body.removePrefix("ICC_PROFILE\u0000\u0001\u0001")
        val size = profile.take(4).fold(0L) { sum, char -> sum * 256 + char.code }
        return profile.length < body.length && size == profile.length.toLong() &&
            profile.startsWith("acsp", startIndex = 36)
    }

    private fun marker(jpeg: ByteArray, at: Int): Int {
        require(at + 1 < jpeg.size && jpeg[at] == 0xFF.toByte()) { "the JPEG is damaged or truncated" }
        return jpeg[at + 1].toInt() and 0xFF
    }

    private fun length(jpeg: ByteArray, at: Int): Int {
        require(at + 3 < jpeg.size) { "the JPEG is truncated" }
        val length = (jpeg[at + 2].toInt() and 0xFF shl 8) or (jpeg[at + 3].toInt() and 0xFF)
        require(length >= 2) { "the JPEG is damaged" }
        return length
    }

    /** Where the coded picture ends: at the first marker that is neither a stuffed FF nor a restart. */
    private fun scanEnd(jpeg: ByteArray, from: Int): Int {
        var at = from
        while (at + 1 < jpeg.size) {
            val next = jpeg[at + 1].toInt() and 0xFF
            if (jpeg[at] == 0xFF.toByte() && next != 0 && next !in 0xD0..0xD7) return at
            at++
        }
        throw IllegalArgumentException("the JPEG is truncated")
    }
}
