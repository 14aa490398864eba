package dev.decant.core

import java.io.ByteArrayOutputStream
import java.util.zip.CRC32
import java.util.zip.Deflater

/** An entry of a zip that may lie: what is null is told as it is. */
internal data class ZipPart(
    val name: String,
    val content: ByteArray = ByteArray(0),
    val method: Int = 8,
    val flags: Int = 0,
    val kind: Int = 0,
    val size: Int? = null,
    val sum: Int? = null,
    val localName: String = name,
    val nameBytes: ByteArray = name.toByteArray(),
    /** Instead of a place of its own. */
    val offset: Int? = null,
)

/** Writes a zip byte by byte, so that it can say what no library writes. */
internal fun zipBytes(parts: List<ZipPart>, comment: String = "", hidden: ByteArray = ByteArray(0)): ByteArray {
    val out = ByteArrayOutputStream()
    out.write(hidden)
    val directory = ByteArrayOutputStream()
    for (part in parts) {
        val packed = packed(part)
        val sum = part.sum ?: CRC32().apply { update(part.content) }.value.toInt()
        val size = part.size ?: part.content.size
        val at = part.offset ?: out.size()
        val facts = numbers(2, 20, part.flags, part.method, 0, 0) +
            numbers(4, sum, packed.size, size)
        if (part.offset == null) {
            val local = part.localName.toByteArray()
            out.write(numbers(4, LOCAL_MARK) + facts + numbers(2, local.size, 0) + local + packed)
        }
        directory.write(numbers(4, 0x02014b50) + numbers(2, 0x0314) + facts)
        directory.write(numbers(2, part.nameBytes.size, 0, 0, 0, 0) + numbers(4, part.kind shl 16, at))
        directory.write(part.nameBytes)
    }
    val start = out.size()
    out.write(directory.toByteArray())
    out.write(numbers(4, 0x06054b50) + numbers(2, 0, 0, parts.size, parts.size))
    out.write(numbers(4, directory.size(), start) + numbers(2, comment.length) + comment.toByteArray())
    return out.toByteArray()
}

private fun packed(part: ZipPart): ByteArray {
    if (part.method != 8) return part.content
    val deflater = Deflater(Deflater.BEST_COMPRESSION, true).apply {
        setInput(part.content)
        finish()
    }
    val out = ByteArrayOutputStream()
    val block = ByteArray(4096)
    while (!deflater.finished()) out.write(block, 0, deflater.deflate(block))
    deflater.end()
    return out.toByteArray()
}

private fun numbers(bytes: Int, vararg values: Int): ByteArray =
    ByteArray(bytes * values.size) { (values[it / bytes] shr 8 * (it % bytes)).toByte() }
