package dev.decant.host.samples

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import dev.decant.core.Crop
import dev.decant.core.DType
import dev.decant.core.Findings
import dev.decant.core.Orientation
import dev.decant.core.Plane
import dev.decant.core.Predictor
import dev.decant.core.RgbaFrame
import dev.decant.core.Session
import dev.decant.core.SidecarReader
import dev.decant.core.Tensor
import dev.decant.host.gson
import dev.decant.host.predictions
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Decodes outputs that were written to files, to compare with Python's answers.
 *
 * Reads one JSON object a line: {"sidecar": FILE, "outputs": {NAME: FILE}, "width", "height"}, the size being the
 * photo's; prints what the runner prints of it. A mask is written to the FILE that "mask" names, little-endian int16.
 */
fun main() = generateSequence(::readLine).forEach { line ->
    val request = JsonParser.parseString(line).asJsonObject
    val sidecar = SidecarReader.read(File(request.get("sidecar").asString).readText())
    val predictor = Predictor(sidecar, Written(request.getAsJsonObject("outputs")))
    val (width, height) = request.get("width").asInt to request.get("height").asInt
    val plane = Plane(ByteBuffer.allocate(3 * width * height), 3 * width, 3)
    val frame = RgbaFrame(plane, Crop(0, 0, width, height), Orientation.UPRIGHT)
    request.get("mask")?.let { file -> predictor.answer(frame).let { if (it is Findings.Mask) write(it, file.asString) } }
    println(gson.toJson(mapOf("predictions" to predictions(frame, sidecar, predictor))))
}

private fun write(mask: Findings.Mask, file: String) {
    val bytes = ByteBuffer.allocate(2 * mask.pixels.size).order(ByteOrder.LITTLE_ENDIAN)
    mask.pixels.forEach(bytes::putShort)
    File(file).writeBytes(bytes.array())
}

/** Gives what stands in the files of a network's outputs. */
private class Written(private val files: JsonObject) : Session {
    override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
        for (output in outputs) {
            val bytes = File(files.get(output.info.name).asString).readBytes()
            if (output.info.dtype != DType.FLOAT32) bytes.copyInto(output.bytes)
            else ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(output.floats)
        }
    }

    override fun close() = Unit
}
