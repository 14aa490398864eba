package dev.decant.core

import com.google.gson.JsonObject
import java.io.File
import java.io.OutputStream
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

/** Who writes the archive. */
data class AppInfo(val name: String, val version: String, val platform: String)

/** Writes records as one feedback archive, schema 2: a zip with a manifest of all other files. */
class FeedbackExport(private val sidecar: Sidecar, private val app: AppInfo) {
    /** Those of all records that an importer takes in an archive of [createdMs]. */
    fun choose(all: List<FeedbackSummary>, createdMs: Long): List<StoredFeedback> {
        val hashes = sidecar.variants.map { it.sha256 }
        return all.filter { it.mayBeExported(hashes, createdMs) }.map { it.stored }
    }

    /**
     * Writes the archive and closes [out].
     *
     * @throws IllegalArgumentException if there is no record, or more than an archive may have.
     */
    fun write(records: List<StoredFeedback>, createdMs: Long, out: OutputStream) {
        require(records.size in 1..MAX_RECORDS) {
            "${records.size} records; an archive has 1 to $MAX_RECORDS"
        }
        val files = records.flatMap {
            listOf("records/${it.id}.json" to it.record, "images/${it.id}.jpg" to it.image)
        }
        ZipOutputStream(out).use { zip ->
            put(zip, "manifest.json", manifest(files, createdMs).toString().toByteArray())
            for ((path, file) in files) put(zip, path, file.readBytes())
        }
    }

    private fun put(zip: ZipOutputStream, path: String, bytes: ByteArray) {
        // Before 1980, which zips write alike everywhere: else the time would tell the user's time zone.
        zip.putNextEntry(ZipEntry(path).apply { time = 0 })
        zip.write(bytes)
        zip.closeEntry()
    }

    private fun manifest(files: List<Pair<String, File>>, createdMs: Long) = JsonObject().apply {
        addProperty("schema_version", 2)
        addProperty("kind", "decant-feedback")
        add("model", JsonObject().apply {
            addProperty("name", sidecar.model)
            addProperty("sha256", sidecar.cpu.sha256)
        })
        addProperty("created", isoTime(createdMs))
        add("app", JsonObject().apply {
            addProperty("name", app.name)
            addProperty("version", app.version)
            addProperty("platform", app.platform)
        })
        add("files", FeedbackJson.array(files.map { (path, file) -> entry(path, file) }))
    }

    private fun entry(path: String, file: File) = JsonObject().apply {
        addProperty("path", path)
        addProperty("sha256", sha256(file.readBytes()))
        addProperty("size_bytes", file.length())
    }

    companion object {
        const val MAX_RECORDS = 2000
    }
}
