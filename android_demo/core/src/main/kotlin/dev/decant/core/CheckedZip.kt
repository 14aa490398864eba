package dev.decant.core

import java.io.ByteArrayInputStream
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.io.RandomAccessFile
import java.io.SequenceInputStream
import java.util.zip.CRC32
import java.util.zip.Inflater
import java.util.zip.InflaterInputStream

/**
 * The most that a zip of a stranger's may hold.
 *
 * @property ratio unpacked to packed bytes of one member.
 */
data class ZipLimits(val entries: Int, val entryBytes: Long, val totalBytes: Long, val ratio: Long = 200)

/** A zip, or what it holds, that is refused; the message names the file, the member and the reason. */
class BundleException(message: String, cause: Throwable? = null) : IOException(message, cause)

/**
 * A zip that is opened only if every entry of its directory is a plain file within the limits, under a path
 * below the folder that it is unpacked to; nothing is unpacked before.
 *
 * @property name what it is called in messages.
 * @throws BundleException if it is not.
 */
class CheckedZip(file: File, limits: ZipLimits, val name: String = file.name) : AutoCloseable {
    private val bytes = RandomAccessFile(file, "r")
    private val entries: Map<String, ZipMember>

    init {
        var checked = false
        try {
            entries = ZipDirectory(name, bytes, limits).members().associateBy { it.name }
            checked = true
        } finally {
            if (!checked) bytes.close()
        }
    }

    /** Unpacked bytes by path. */
    val sizes: Map<String, Long> get() = entries.mapValues { it.value.size }

    /**
     * Opens a member; reading it to its end checks its length and its sum. One at a time.
     *
     * @throws BundleException if there is no such member, or its own header contradicts the directory.
     */
    fun open(path: String): InputStream {
        val member = entries[path] ?: throw refused(name, path, "is missing")
        val packed = Section(bytes, dataStart(member), member.packed)
        val unpacked = if (member.isStored) packed else Inflating(packed)
        return CheckedStream(name, member, unpacked)
    }

    private fun dataStart(member: ZipMember): Long {
        val header = ByteArray(LOCAL_BYTES)
        bytes.seek(member.offset)
        bytes.readFully(header)
        val local = LittleEndian(header)
        val path = ByteArray(local.short(26))
        bytes.readFully(path)
        val start = member.offset + LOCAL_BYTES + path.size + local.short(28)
        val agrees = local.int(0) == LOCAL_MARK && String(path, Charsets.UTF_8) == member.path &&
            local.short(8) == member.method && start + member.packed <= member.end
        if (!agrees) throw refused(name, member.name, "its header and the directory contradict one another")
        return start
    }

    override fun close() = bytes.close()
}

/** A part of an open file. */
private class Section(private val file: RandomAccessFile, private var at: Long, private var left: Long) :
    InputStream() {
    override fun read(): Int {
        val one = ByteArray(1)
        return if (read(one, 0, 1) < 0) -1 else one[0].toInt() and 0xFF
    }

    override fun read(into: ByteArray, offset: Int, length: Int): Int {
        if (left == 0L) return -1
        file.seek(at)
        val count = file.read(into, offset, minOf(length.toLong(), left).toInt())
        if (count > 0) {
            at += count
            left -= count
        }
        return count
    }
}

/** Unpacks without zlib's header; that wants a byte more than there is at the end, says [Inflater]. */
private class Inflating(packed: InputStream, private val inflater: Inflater = Inflater(true)) :
    InflaterInputStream(SequenceInputStream(packed, ByteArrayInputStream(ByteArray(1))), inflater) {
    override fun close() {
        super.close()
        inflater.end()
    }
}

/** Refuses a member that unpacks to another length or another sum than the directory says. */
private class CheckedStream(
    private val zip: String,
    private val member: ZipMember,
    private val unpacked: InputStream,
) : InputStream() {
    private val sum = CRC32()
    private var count = 0L

    override fun read(): Int {
        val one = ByteArray(1)
        return if (read(one, 0, 1) < 0) -1 else one[0].toInt() and 0xFF
    }

    override fun read(into: ByteArray, offset: Int, length: Int): Int {
        val read = try {
            unpacked.read(into, offset, length)
        } catch (error: IOException) {
            throw BundleException("$zip: ${member.name}: cannot be unpacked (${error.message}); copy it again", error)
        }
        if (read > 0) {
            count += read
            sum.update(into, offset, read)
        }
        val isWrong = count > member.size ||
            read < 0 && (count != member.size || sum.value.toInt() != member.sum)
        if (isWrong) throw refused(zip, member.name, "does not unpack to what the directory says")
        return read
    }

    override fun close() = unpacked.close()
}

internal fun refused(zip: String, member: String, fault: String) =
    BundleException("$zip: ${if (member.isEmpty()) "" else "$member: "}$fault; nothing was taken")
