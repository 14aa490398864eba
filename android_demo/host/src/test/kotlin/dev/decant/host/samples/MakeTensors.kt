package dev.decant.host.samples

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import dev.decant.core.Crop
import dev.decant.core.DType
import dev.decant.core.Frame
import dev.decant.core.Orientation
import dev.decant.core.Plane
import dev.decant.core.Preprocessor
import dev.decant.core.RgbaFrame
import dev.decant.core.SidecarReader
import dev.decant.core.Tensor
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Makes input tensors of frames, to compare with Python's.
 *
 * Reads one JSON object a line: {"sidecar", "plane": {"file", "row_stride", "pixel_stride"}, "crop", "exif"
 * or "rotation", "tensor"}. The plane holds RGB or RGBA; the tensor's elements are written to the file
 * `tensor`. Prints the placement a line: scale and offset, x then y.
 */
fun main() {
    val preprocessors = HashMap<String, Preprocessor>()
    generateSequence(::readLine).map { JsonParser.parseString(it).asJsonObject }.forEach { request ->
        val preprocessor = preprocessors.getOrPut(request.get("sidecar").asString) { preprocessor(request) }
        val placement = preprocessor.run(frame(request))
        File(request.get("tensor").asString).writeBytes(elements(preprocessor.tensor))
        println(placement.run { "[$scaleX, $scaleY, $offsetX, $offsetY]" })
    }
}

private fun preprocessor(request: JsonObject): Preprocessor {
    val sidecar = SidecarReader.read(File(request.get("sidecar").asString).readText())
    val image = sidecar.image!!
    return Preprocessor(image, sidecar.inputs.single { it.name == image.name })
}

private fun frame(request: JsonObject): Frame {
    val (left, top, width, height) = request.getAsJsonArray("crop").map { it.asInt }
    val crop = Crop(left, top, width, height)
    val orientation = request.get("exif")?.let { Orientation.ofExif(it.asInt) }
        ?: Orientation.ofRotation(request.get("rotation").asInt)
    return RgbaFrame(plane(request.getAsJsonObject("plane")), crop, orientation)
}

private fun plane(json: JsonObject) = Plane(
    ByteBuffer.wrap(File(json.get("file").asString).readBytes()),
    json.get("row_stride").asInt,
    json.get("pixel_stride").asInt,
)

private fun elements(tensor: Tensor): ByteArray {
    if (tensor.info.dtype != DType.FLOAT32) return tensor.bytes
    val bytes = ByteBuffer.allocate(4 * tensor.floats.size).order(ByteOrder.LITTLE_ENDIAN)
    bytes.asFloatBuffer().put(tensor.floats)
    return bytes.array()
}
