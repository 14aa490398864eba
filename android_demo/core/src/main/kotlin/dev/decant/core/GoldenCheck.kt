package dev.decant.core

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Compares a session's outputs with the sidecar's golden ones of the variant that it runs.
 *
 * @param folder of the sidecar.
 */
class GoldenCheck(private val sidecar: Sidecar, private val folder: File) {
    private val inputs = sidecar.inputs.map(::Tensor)
    private val outputs = sidecar.outputs.map(::Tensor)
    private val expected = sidecar.outputs.map(::Tensor)

    private val predictions = PredictionCheck(sidecar)

    // Mean and std are applied as for every photo, so that a wrong one is a mismatch.
    private val preprocessor = sidecar.image?.let { image ->
        Preprocessor(image, sidecar.inputs.first { it.name == image.name })
    }

    /**
     * Runs every golden example; null if all outputs are within the variant's tolerance and give the same
     * predictions, else what is amiss.
     *
     * @throws SidecarException if there is no example, or one of its files is missing or damaged.
     */
    fun mismatch(session: Session, variant: Variant): String? {
        if (sidecar.golden.isEmpty()) {
            throw SidecarException("model.json: golden is empty; nothing can be checked")
        }
        return sidecar.golden.firstNotNullOfOrNull { golden ->
            session.run(inputs(golden), outputs)
            val files = golden.outputs.getValue(variant.accelerator)
            expected.forEach { read(files.getValue(it.info.name), it) }
            outputs.indices.firstNotNullOfOrNull { difference(outputs[it], expected[it], variant) }
                ?: predictions.mismatch(expected, outputs)
        }
    }

    /**
     * The tensors of an example; valid until the next one is asked for.
     *
     * @throws SidecarException if one of its files is missing or damaged.
     */
    fun inputs(golden: Golden): List<Tensor> = inputs.map { input(it, golden) }

    private fun input(tensor: Tensor, golden: Golden): Tensor {
        val pixels = golden.pixels
        if (preprocessor == null || pixels == null || tensor.info.name != sidecar.image?.name) {
            return tensor.also { read(golden.inputs.getValue(it.info.name), it) }
        }
        preprocessor.run(bytes(pixels))
        return preprocessor.tensor
    }

    private fun difference(output: Tensor, expected: Tensor, variant: Variant): String? {
        val name = output.info.name
        val allowed = variant.tolerance.getValue(name)
        val golden = expected.asReals()
        val found = output.asReals()
        for (i in golden.indices) {
            val apart = Math.abs(found[i].toDouble() - golden[i])
            // Written so that NaN is a mismatch.
            if (!(apart <= allowed)) {
                return "$name[$i] is ${found[i]}, golden ${golden[i]}, allowed apart $allowed"
            }
        }
        return null
    }

    private fun read(file: TensorFile, into: Tensor) {
        val bytes = bytes(file)
        if (file.dtype != DType.FLOAT32) bytes.copyInto(into.bytes)
        else ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(into.floats)
    }

    private fun bytes(file: TensorFile): ByteArray {
        val path = File(folder, file.file)
        val bytes = if (path.isFile) path.readBytes() else ByteArray(0)
        if (sha256(bytes) != file.sha256 || bytes.size != file.size * file.dtype.bytes) {
            throw SidecarException("${file.file}: is not the file that model.json describes; copy it again")
        }
        return bytes
    }
}

