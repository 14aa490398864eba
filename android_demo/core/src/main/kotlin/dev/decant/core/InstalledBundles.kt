package dev.decant.core

import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.InputStream

/** The most that a bundle may have, all files together. */
const val BUNDLE_BYTES = 500_000_000L

private const val SIDECAR = "model.json"
private const val REPORT = "report.json"
private const val DOCUMENT_BYTES = 20_000_000L

/**
 * A bundle on this device.
 *
 * @property id the SHA-256 of its `model.json`, which has the hashes of all other files.
 */
data class InstalledBundle(val id: String, val folder: File, val sidecar: Sidecar, val sizeBytes: Long) {
    /** Its report, where it has one that can be read. */
    fun report(): Report? = File(folder, REPORT).takeIf { it.isFile }?.readText()?.let(Report::read)
}

/**
 * Which of the bundles to use: the [chosen] one, or where it is not here any more the app's [own], or any.
 *
 * @param chosen its id; null where nobody chose.
 * @param own the id of the one that came with the app; null where it came without.
 */
fun List<InstalledBundle>.toUse(chosen: String?, own: String?): InstalledBundle? =
    firstOrNull { it.id == chosen } ?: firstOrNull { it.id == own } ?: firstOrNull()

/**
 * The bundles on this device, each in a folder of [root] that is called by its id.
 *
 * A bundle is taken whole or not at all, and only if every file is the one that its sidecar describes.
 */
class InstalledBundles(private val root: File) {
    /** All of them, by name; folders that are damaged are none. */
    fun list(): List<InstalledBundle> = root.listFiles().orEmpty()
        .mapNotNull { find(it.name) }
        .sortedWith(compareBy({ it.sidecar.model }, { it.id }))

    /** The bundle of an id; null where it is not here, or not whole. */
    fun find(id: String): InstalledBundle? {
        val folder = File(root, id)
        val document = File(folder, SIDECAR)
        if (!ID.matches(id) || !document.isFile || sha256(document) != id) return null
        return try {
            val sidecar = SidecarReader.read(document.readText())
            val isWhole = BundleFile.of(sidecar).all { file ->
                File(folder, file.path).let { it.isFile && file.fits(it.length()) }
            }
            if (isWhole) InstalledBundle(id, folder, sidecar, size(folder)) else null
        } catch (_: SidecarException) {
            null // Of a version of this app that read another schema.
        }
    }

    private fun size(folder: File): Long = folder.walk().filter { it.isFile }.sumOf { it.length() }

    /**
     * Takes a bundle after checking its sidecar and every hash; one that is here already stays.
     *
     * @throws BundleException if it is no bundle, or damaged, or there is no room; the message names the file.
     * @throws SidecarException if its sidecar cannot be used.
     * @throws IOException if it cannot be read or written.
     */
    fun take(source: BundleSource): InstalledBundle {
        val document = document(source, SIDECAR)
            ?: throw BundleException("${source.name}: has no $SIDECAR; choose what decant bundle wrote")
        val id = sha256(document)
        find(id)?.let { return it }
        val sidecar = SidecarReader.read(String(document, Charsets.UTF_8))
        Predictor.requireUsable(sidecar)
        val files = BundleFile.of(sidecar)
        requireNothingElse(source, files)
        requireRoom(source, files)
        val part = File(root, ".$id")
        try {
            if (part.exists() && !part.deleteRecursively() || !part.mkdirs()) throw noRoom(part)
            for (file in files) copy(source, file, File(part, file.path))
            document(source, REPORT)?.let { File(part, REPORT).writeBytes(it) }
            File(part, SIDECAR).writeBytes(document)
            val folder = File(root, id)
            folder.deleteRecursively() // One that is not whole.
            if (!part.renameTo(folder)) throw noRoom(folder)
        } finally {
            part.deleteRecursively()
        }
        return find(id) ?: throw BundleException("${source.name}: was not written whole; free some storage")
    }

    /**
     * Takes the bundle in a zip, which is copied first: a stream cannot be read from its end, where a zip begins.
     *
     * @param name of the zip, for messages.
     * @throws IOException as [take].
     */
    fun takeZip(zip: InputStream, name: String): InstalledBundle {
        if (!root.isDirectory && !root.mkdirs()) throw noRoom(root)
        val copy = File.createTempFile("zip", null, root)
        try {
            zip.copyAtMost(BUNDLE_BYTES, copy, name)
            return CheckedZip(copy, ZipSource.LIMITS, name).use { take(ZipSource(it)) }
        } finally {
            copy.delete()
        }
    }

    /** Deletes a bundle. */
    fun delete(id: String) {
        if (ID.matches(id)) File(root, id).deleteRecursively()
    }

    /** Deletes what was being taken when the app ended; not to be called while a bundle is taken. */
    fun sweep() = root.listFiles().orEmpty().filterNot { ID.matches(it.name) }.forEach { it.deleteRecursively() }

    private fun document(source: BundleSource, path: String): ByteArray? = source.open(path)?.use { stream ->
        val bytes = stream.readAtMost(DOCUMENT_BYTES)
        bytes ?: throw BundleException("${source.name}: $path: has over $DOCUMENT_BYTES bytes; nothing was taken")
    }

    private fun requireNothingElse(source: BundleSource, files: List<BundleFile>) {
        val named = files.map { it.path }
        named.firstOrNull { it == SIDECAR || it == REPORT }
            ?.let { throw refused(source.name, it, "is named in $SIDECAR as a file of the model") }
        val strange = source.files.orEmpty() - named.toSet() - SIDECAR - REPORT
        strange.minOrNull()?.let { throw refused(source.name, it, "is not named in $SIDECAR") }
    }

    private fun requireRoom(source: BundleSource, files: List<BundleFile>) {
        val needed = files.sumOf { it.mostBytes }
        if (needed > BUNDLE_BYTES) {
            throw BundleException("${source.name}: needs $needed bytes; $BUNDLE_BYTES are the most there may be")
        }
        root.mkdirs()
        if (root.usableSpace < needed) {
            throw BundleException("${source.name}: needs $needed bytes of storage; ${root.usableSpace} are free")
        }
    }

    private fun copy(source: BundleSource, file: BundleFile, target: File) {
        val stream = source.open(file.path) ?: throw refused(source.name, file.path, "is missing")
        target.parentFile?.mkdirs()
        val digest = newSha256()
        var count = 0L
        stream.use {
            target.outputStream().use { out ->
                it.eachBlock { block, length ->
                    count += length
                    if (count > file.mostBytes) throw refused(source.name, file.path, OTHER)
                    digest.update(block, 0, length)
                    out.write(block, 0, length)
                }
            }
        }
        if (!file.fits(count) || digest.digest().hexadecimal() != file.sha256) {
            throw refused(source.name, file.path, OTHER)
        }
    }

    private fun noRoom(file: File) = BundleException("$file: cannot be made; free some storage")

    private companion object {
        val ID = Regex("[0-9a-f]{64}")
        const val OTHER = "is not the file that $SIDECAR describes"
    }
}

/**
 * A file that a sidecar names.
 *
 * @property mostBytes its size, or the most that it may have where the sidecar does not say.
 */
internal data class BundleFile(val path: String, val sha256: String, val mostBytes: Long, val isExact: Boolean) {
    fun fits(bytes: Long): Boolean = if (isExact) bytes == mostBytes else bytes <= mostBytes

    companion object {
        private const val PHOTO_BYTES = 20_000_000L

        /**
         * Every file that a sidecar names, once.
         *
         * @throws BundleException if one path stands for two files.
         */
        fun of(sidecar: Sidecar): List<BundleFile> {
            val models = sidecar.variants.map { BundleFile(it.file, it.sha256, it.sizeBytes, isExact = true) }
            val all = (models + sidecar.golden.flatMap(::ofGolden)).distinct()
            val twice = all.groupBy { it.path }.values.firstOrNull { it.size > 1 }?.first()
            if (twice != null) throw BundleException("$SIDECAR: describes two files that are called ${twice.path}")
            return all
        }

        private fun ofGolden(golden: Golden): List<BundleFile> {
            val (photo, sha256) = golden.photo to golden.photoSha256
            val photos =
                if (photo == null || sha256 == null) emptyList()
                else listOf(BundleFile(photo, sha256, PHOTO_BYTES, isExact = false))
            val tensors = listOfNotNull(golden.pixels) + golden.inputs.values +
                golden.outputs.values.flatMap { it.values }
            return photos + tensors.map { BundleFile(it.file, it.sha256, bytes(it), isExact = true) }
        }

        private fun bytes(file: TensorFile): Long =
            file.shape.fold(file.dtype.bytes.toLong()) { bytes, length ->
                if (bytes > BUNDLE_BYTES) bytes else bytes * length
            }
    }
}

private const val BLOCK = 1 shl 16

/** Hands out what a stream has, block by block. */
internal inline fun InputStream.eachBlock(action: (ByteArray, Int) -> Unit) {
    val block = ByteArray(BLOCK)
    while (true) {
        val length = read(block)
        if (length < 0) return
        action(block, length)
    }
}

/** All that a stream has; null where that is more than [most] bytes. */
internal fun InputStream.readAtMost(most: Long): ByteArray? {
    val all = ByteArrayOutputStream()
    eachBlock { block, length ->
        if (all.size() + length > most) return null
        all.write(block, 0, length)
    }
    return all.toByteArray()
}

/**
 * Copies a stream into a file.
 *
 * @throws BundleException if it has more than [most] bytes; the file is then deleted.
 */
internal fun InputStream.copyAtMost(most: Long, file: File, name: String) {
    var finished = false
    try {
        file.outputStream().use { out ->
            var count = 0L
            eachBlock { block, length ->
                count += length
                if (count > most) throw BundleException("$name: has over $most bytes; nothing was taken")
                out.write(block, 0, length)
            }
        }
        finished = true
    } finally {
        if (!finished) file.delete()
    }
}
