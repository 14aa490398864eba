package dev.decant.core

import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction

internal const val LOCAL_MARK = 0x04034b50
internal const val LOCAL_BYTES = 30

/**
 * A plain file in a zip.
 *
 * @property path as the zip writes it; [name] is without the folder that all members lie in.
 * @property offset of its header; [end] is where the next one, or the directory, begins.
 */
internal data class ZipMember(
    val path: String,
    val name: String,
    val method: Int,
    val sum: Int,
    val packed: Long,
    val size: Long,
    val offset: Long,
    val end: Long,
) {
    val isStored: Boolean get() = method == 0
    val isFolder: Boolean get() = path.endsWith("/")
}

/** Numbers as zips write them. */
internal class LittleEndian(private val bytes: ByteArray, private val start: Int = 0) {
    fun short(at: Int): Int =
        (bytes[start + at].toInt() and 0xFF) or (bytes[start + at + 1].toInt() and 0xFF shl 8)

    fun int(at: Int): Int = short(at) or (short(at + 2) shl 16)

    fun long(at: Int): Long = int(at).toLong() and 0xFFFFFFFFL
}

/** Reads and checks the directory of a zip (APPNOTE.TXT 4.3.12 and 4.3.16). */
internal class ZipDirectory(
    private val zip: String,
    private val file: RandomAccessFile,
    private val limits: ZipLimits,
) {
    private class Directory(val entries: Int, val start: Long, val bytes: ByteArray)

    /** All plain files, without a folder that all of them lie in. */
    fun members(): List<ZipMember> {
        val directory = directory()
        val found = ArrayList<ZipMember>()
        var at = 0
        repeat(directory.entries) {
            val fields = LittleEndian(directory.bytes, at)
            if (at + ENTRY_BYTES > directory.bytes.size || fields.int(0) != ENTRY_MARK) {
                throw refused("", "is no whole zip: its directory is damaged")
            }
            val length = ENTRY_BYTES + fields.short(28) + fields.short(30) + fields.short(32)
            if (at + length > directory.bytes.size) throw refused("", "is no whole zip: its directory is damaged")
            found += entry(fields, directory.bytes.copyOfRange(at + ENTRY_BYTES, at + ENTRY_BYTES + fields.short(28)))
            at += length
        }
        if (at != directory.bytes.size) throw refused("", "hides bytes in its directory")
        checkTogether(found)
        return withoutFolder(withEnds(found, directory.start).filterNot { it.isFolder })
    }

    private fun directory(): Directory {
        val size = file.length()
        if (size < END_BYTES) throw refused("", "is no whole zip: it has $size bytes")
        val tail = read(maxOf(0, size - END_BYTES - ZIP64_BYTES), size)
        val end = LittleEndian(tail, tail.size - END_BYTES)
        if (end.int(0) != END_MARK || end.short(20) != 0) {
            throw refused("", "is no whole zip: it must end as one without a comment does")
        }
        if (tail.size > END_BYTES && LittleEndian(tail).int(0) == ZIP64_MARK) {
            throw refused("", "is a zip64, which a bundle never needs")
        }
        val entries = end.short(10)
        val start = end.long(16)
        if (entries > limits.entries) throw refused("", "has $entries entries; ${limits.entries} are the most")
        if (end.short(8) != entries || start + end.long(12) + END_BYTES != size) {
            throw refused("", "hides bytes before or after the zip")
        }
        if (end.long(12) > entries.toLong() * MOST_ENTRY_BYTES) throw refused("", "has too long a directory")
        return Directory(entries, start, read(start, size - END_BYTES))
    }

    private fun read(from: Long, to: Long): ByteArray {
        val bytes = ByteArray((to - from).toInt())
        file.seek(from)
        file.readFully(bytes)
        return bytes
    }

    private fun entry(fields: LittleEndian, name: ByteArray): ZipMember {
        val path = text(name)
        checkPath(path, kind = fields.int(38) ushr 16 and KIND)
        val member = ZipMember(
            path, path, fields.short(10), fields.int(16), fields.long(20), fields.long(24), fields.long(42), end = 0,
        )
        checkSize(member, flags = fields.short(8))
        return member
    }

    private fun text(name: ByteArray): String = try {
        val decoder = Charsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
        decoder.decode(ByteBuffer.wrap(name)).let(CharBuffer::toString)
    } catch (error: CharacterCodingException) {
        throw BundleException("$zip: has a name that is not UTF-8; nothing was taken", error)
    }

    private fun checkPath(path: String, kind: Int) {
        val parts = path.removeSuffix("/").split('/')
        val fault = when {
            kind == LINK -> "is a symbolic link"
            path.startsWith("/") || path.startsWith("\\") || path.drop(1).startsWith(":") -> "has an absolute path"
            path.any { it < ' ' || it == '\u007F' || it == '\\' } -> "has a character that no file of a bundle has"
            parts.any { it == ".." } -> "leads out of the folder"
            parts.any { it.isEmpty() || it == "." } -> "is no plain path"
            kind != 0 && kind != (if (path.endsWith("/")) FOLDER else FILE) -> "is not a plain file"
            else -> return
        }
        throw refused(path.filter { it >= ' ' }, fault)
    }

    private fun checkSize(member: ZipMember, flags: Int) {
        val most = limits.entryBytes
        val fault = when {
            flags and ENCRYPTED != 0 -> "is encrypted"
            member.method != 0 && member.method != DEFLATED ->
                "has compression method ${member.method}; it must be 0 or $DEFLATED"
            member.packed == ZIP64_SIZE || member.size == ZIP64_SIZE || member.offset == ZIP64_SIZE ->
                "is a zip64 entry, which a bundle never needs"
            member.isFolder && member.size != 0L -> "is a folder that holds something"
            member.size > most -> "unpacks to ${member.size} bytes; $most are the most"
            member.isStored && member.size != member.packed -> "is stored in another length than it has"
            member.size > limits.ratio * maxOf(1, member.packed) ->
                "unpacks from ${member.packed} to ${member.size} bytes, over ${limits.ratio}:1, as zip bombs do"
            else -> return
        }
        throw refused(member.path, fault)
    }

    private fun checkTogether(members: List<ZipMember>) {
        val paths = HashSet<String>()
        members.firstOrNull { !paths.add(it.path) }?.let { throw refused(it.path, "occurs twice") }
        val total = members.sumOf { it.size }
        if (total > limits.totalBytes) {
            throw refused("", "unpacks to $total bytes; ${limits.totalBytes} are the most")
        }
    }

    /** Whoever zips a folder gets it as the first part of every path. */
    private fun withoutFolder(members: List<ZipMember>): List<ZipMember> {
        val folder = members.firstOrNull()?.path?.substringBefore('/', "").orEmpty()
        val isCommon = folder.isNotEmpty() && members.all { it.path.startsWith("$folder/") }
        if (!isCommon) return members
        return members.map { it.copy(name = it.path.removePrefix("$folder/")) }
    }

    /** Every entry ends where the next begins, at the latest; two that share bytes are a trick. */
    private fun withEnds(members: List<ZipMember>, directory: Long): List<ZipMember> {
        val inOrder = members.sortedBy { it.offset }
        val first = inOrder.firstOrNull()?.offset ?: directory
        if (first != 0L) throw refused("", "hides $first bytes before its first entry")
        val ends = inOrder.drop(1).map { it.offset } + directory
        return inOrder.zip(ends) { member, end ->
            if (member.offset + LOCAL_BYTES + member.packed > end) throw refused(member.path, "overlaps another")
            member.copy(end = end)
        }
    }

    private fun refused(member: String, fault: String) = refused(zip, member, fault)

    private companion object {
        const val ENTRY_MARK = 0x02014b50
        const val ENTRY_BYTES = 46
        const val MOST_ENTRY_BYTES = 512L
        const val END_MARK = 0x06054b50
        const val END_BYTES = 22
        const val ZIP64_MARK = 0x07064b50
        const val ZIP64_BYTES = 20
        const val ZIP64_SIZE = 0xFFFFFFFFL
        const val DEFLATED = 8

        /** Encrypted, strongly encrypted, or with a masked header. */
        const val ENCRYPTED = 0x2041

        // What Unix says of a file.
        const val KIND = 0xF000
        const val FILE = 0x8000
        const val FOLDER = 0x4000
        const val LINK = 0xA000
    }
}
