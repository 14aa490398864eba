package dev.decant.core

import com.google.gson.JsonElement
import com.google.gson.JsonParser
import java.io.ByteArrayInputStream
import java.io.File
import java.io.InputStream
import java.util.Random

/** The files of a bundle that [SIDECAR] describes, with their true hashes; `model.json` among them. */
internal fun bundleFiles(model: String = "detector"): Map<String, ByteArray> {
    val random = Random(model.hashCode().toLong())
    fun bytes(size: Int) = ByteArray(size).also(random::nextBytes)
    val files = mapOf(
        "model_fp16.tflite" to bytes(9),
        "model.tflite" to bytes(7),
        "golden/photo.png" to bytes(40),
        "golden/i.bin" to bytes(48 * 64 * 3),
        "golden/a.bin" to bytes(6 * 8 * 2 * 4),
        "golden/b.bin" to bytes(8 * 6 * 8 * 4),
        "golden/c.bin" to bytes(6 * 8 * 2 * 4),
        "golden/d.bin" to bytes(8 * 6 * 8 * 4),
    )
    val sidecar = JsonParser.parseString(SIDECAR).asJsonObject
    sidecar.addProperty("model", model)
    setHashes(sidecar, files)
    return files + ("model.json" to sidecar.toString().toByteArray())
}

private fun setHashes(json: JsonElement, files: Map<String, ByteArray>) {
    if (json.isJsonArray) json.asJsonArray.forEach { setHashes(it, files) }
    if (!json.isJsonObject) return
    val fields = json.asJsonObject
    for ((name, hash) in listOf("file" to "sha256", "photo" to "photo_sha256")) {
        fields.get(name)?.let { fields.addProperty(hash, sha256(files.getValue(it.asString))) }
    }
    fields.entrySet().forEach { setHashes(it.value, files) }
}

/** A bundle in memory. */
internal class MemorySource(
    private val held: Map<String, ByteArray>,
    override val files: Set<String>? = null,
) : BundleSource {
    override val name = "bundle"

    override fun open(path: String): InputStream? = held[path]?.let(::ByteArrayInputStream)
}

/** A bundle in a folder of this file system. */
internal class FolderSource(private val folder: File) : BundleSource {
    override val name: String get() = folder.name
    override val files: Set<String>? get() = null

    override fun open(path: String): InputStream? =
        File(folder, path).takeIf { it.isFile }?.inputStream()
}
