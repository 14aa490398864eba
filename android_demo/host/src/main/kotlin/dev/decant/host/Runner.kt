package dev.decant.host

import com.google.gson.GsonBuilder
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import dev.decant.core.Accelerator
import dev.decant.core.Crop
import dev.decant.core.DetectionRule
import dev.decant.core.EngineRequest
import dev.decant.core.Findings
import dev.decant.core.Frame
import dev.decant.core.Orientation
import dev.decant.core.Plane
import dev.decant.core.Predictor
import dev.decant.core.RgbaFrame
import dev.decant.core.Sidecar
import dev.decant.core.SidecarReader
import java.io.File
import java.nio.ByteBuffer

/**
 * Answers for photos, to compare with Python's: `Runner LIBRARY BUNDLE [cpu|gpu|npu]`.
 *
 * The last argument says which variant's file; a host runs each of them on its CPU.
 *
 * Reads one JSON object a line: {"file", "width", "height", "row_stride", "pixel_stride", "exif"};
 * `file` holds the stored bytes, the last three may be missing. Prints one object a line:
 * {"file", "predictions": [{"label", "score", "quad"}]}; only objects have a quad, and of a classifier's there
 * are five at most; of a mask the labels and their shares are printed, of a text itself.
 * They are null where the core has no decoder for the model's outputs.
 */
fun main(arguments: Array<String>) {
    require(arguments.size in 2..3) { "usage: Runner LIBRARY BUNDLE [cpu|gpu|npu] < photos" }
    val bundle = File(arguments[1])
    val accelerator = Accelerator.valueOf(arguments.getOrElse(2) { "cpu" }.uppercase())
    val sidecar = SidecarReader.read(File(bundle, "model.json").readText())
    val variant = sidecar.variants.firstOrNull { it.accelerator == accelerator }
    requireNotNull(variant) { "$bundle: variants has no file for $accelerator" }
    val request = EngineRequest.of(variant, sidecar, bundle).copy(accelerator = Accelerator.CPU)
    HostEngine(File(arguments[0])).open(request).use { session ->
        val predictor = Predictor(sidecar, session)
        generateSequence(::readLine).forEach { println(answer(it, sidecar, predictor)) }
    }
}

internal val gson = GsonBuilder().serializeNulls().create()

private fun answer(line: String, sidecar: Sidecar, predictor: Predictor): String {
    val photo = JsonParser.parseString(line).asJsonObject
    val predictions = predictions(frame(photo), sidecar, predictor)
    return gson.toJson(mapOf("file" to photo.get("file").asString, "predictions" to predictions))
}

/** What Python's `Predictor.predict` gives: objects from the rule's own threshold on. */
internal fun predictions(frame: Frame, sidecar: Sidecar, predictor: Predictor): List<Map<String, Any>>? =
    listed(predictor.answer(frame, (sidecar.decode as? DetectionRule)?.scoreThreshold))

private fun listed(findings: Findings): List<Map<String, Any>>? = when (findings) {
    is Findings.Boxes ->
        findings.quads.map { mapOf("label" to it.label, "score" to it.score, "quad" to it.quad.corners) }
    is Findings.Ranking -> findings.labels.map { mapOf("label" to it.label, "score" to it.score) }
    is Findings.Mask -> findings.shares.map { mapOf("label" to it.label, "score" to it.share) }
    is Findings.Reading -> listOf(mapOf("label" to findings.text, "score" to findings.score))
    Findings.Undecoded -> null
}

private fun frame(photo: JsonObject): RgbaFrame {
    fun number(name: String, default: Int) = photo.get(name)?.asInt ?: default
    val (width, height) = photo.get("width").asInt to photo.get("height").asInt
    val pixelStride = number("pixel_stride", 3)
    val bytes = ByteBuffer.wrap(File(photo.get("file").asString).readBytes())
    val plane = Plane(bytes, number("row_stride", width * pixelStride), pixelStride)
    return RgbaFrame(plane, Crop(0, 0, width, height), Orientation.ofExif(number("exif", 1)))
}
