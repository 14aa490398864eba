package dev.decant.core

import java.io.InputStream

/** Where the files of a bundle come from. */
interface BundleSource {
    /** What it is called in messages. */
    val name: String

    /**
     * The files that it holds, where it may hold nothing that the sidecar does not name; null where
     * others do no harm, because nobody opens them.
     */
    val files: Set<String>?

    /** Opens a file by its path below the bundle's folder; null where there is none. */
    fun open(path: String): InputStream?
}

/** A bundle in a zip, whose folder may be zipped with it. */
class ZipSource(private val zip: CheckedZip) : BundleSource {
    override val name: String get() = zip.name
    override val files: Set<String> get() = zip.sizes.keys

    override fun open(path: String): InputStream? = if (path in files) zip.open(path) else null

    companion object {
        /** What a zip of a bundle may hold. */
        val LIMITS = ZipLimits(entries = 512, entryBytes = BUNDLE_BYTES, totalBytes = BUNDLE_BYTES)
    }
}
