package dev.decant.host

import com.google.gson.Gson
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import dev.decant.core.Accelerator
import dev.decant.core.ArgmaxRule
import dev.decant.core.Crop
import dev.decant.core.Detections
import dev.decant.core.EngineRequest
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
 * {"file", "predictions": [{"label", "score", "quad"}]}; a classifier's have no quad, and are five at most.
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

private const val TOP = 5

private fun answer(line: String, sidecar: Sidecar, predictor: Predictor): String {
    val photo = JsonParser.parseString(line).asJsonObject
    val predictions = predictions(frame(photo), sidecar, predictor)
    return Gson().toJson(mapOf("file" to photo.get("file").asString, "predictions" to predictions))
}

private fun predictions(frame: Frame, sidecar: Sidecar, predictor: Predictor): List<Map<String, Any>> {
    if (sidecar.decode is ArgmaxRule) {
        return predictor.rank(frame, TOP).map { mapOf("label" to it.label, "score" to it.score) }
    }
    val found = predictor.detect(frame)
    return List(found.count) { prediction(it, found, sidecar) }
}

private fun frame(photo: JsonObject): RgbaFrame {
    fun number(name: String, default: Int) = photo.get(name)?.asInt ?: default
    val (width, height) = photo.get("width").asInt to photo.get("height").asInt
    val pixelStride = number("pixel_stride", 3)
    val bytes = ByteBuffer.wrap(File(photo.get("file").asString).readBytes())
    val plane = Plane(bytes, number("row_stride", width * pixelStride), pixelStride)
    return RgbaFrame(plane, Crop(0, 0, width, height), Orientation.ofExif(number("exif", 1)))
}

private fun prediction(index: Int, found: Detections, sidecar: Sidecar) = mapOf(
    "label" to sidecar.labels[found.labels[index]],
    "score" to found.scores[index],
    "quad" to List(4) { listOf(found.quads[8 * index + 2 * it], found.quads[8 * index + 2 * it + 1]) },
)
