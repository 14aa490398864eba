package dev.decant.core

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest

/**
 * Compares a session's outputs with the sidecar's golden ones of the variant that it runs.
 *
 * @param folder of the sidecar.
 */
class GoldenCheck(private val sidecar: Sidecar, private val folder: File) {
    private val inputs = sidecar.inputs.map(::Tensor)
    private val outputs = sidecar.outputs.map(::Tensor)

    // Mean and std are applied as for every photo, so that a wrong one is a mismatch.
    private val preprocessor = sidecar.image?.let { image ->
        Preprocessor(image, sidecar.inputs.first { it.name == image.name })
    }

    /**
     * Runs every golden example; null if all outputs are within the variant's tolerance, else what is not.
     *
     * @throws SidecarException if there is no example, or one of its files is missing or damaged.
     */
    fun mismatch(session: Session, variant: Variant): String? {
        if (sidecar.golden.isEmpty()) {
            throw SidecarException("model.json: golden is empty; nothing can be checked")
        }
        return sidecar.golden.firstNotNullOfOrNull { golden ->
            session.run(inputs.map { input(it, golden) }, outputs)
            val expected = golden.outputs.getValue(variant.accelerator)
            outputs.firstNotNullOfOrNull { difference(it, expected.getValue(it.info.name), variant) }
        }
    }

    private fun input(tensor: Tensor, golden: Golden): Tensor {
        val pixels = golden.pixels
        if (preprocessor == null || pixels == null || tensor.info.name != sidecar.image?.name) {
            return tensor.apply { setReals(values(golden.inputs.getValue(info.name))) }
        }
        preprocessor.run(bytes(pixels))
        return preprocessor.tensor
    }

    private fun difference(output: Tensor, file: TensorFile, variant: Variant): String? {
        val allowed = variant.tolerance.getValue(output.info.name)
        val expected = values(file)
        val found = output.asReals()
        for (i in expected.indices) {
            val apart = Math.abs(found[i].toDouble() - expected[i])
            // Written so that NaN is a mismatch.
            if (!(apart <= allowed)) {
                return "${output.info.name}[$i] is ${found[i]}, golden ${expected[i]}, allowed apart $allowed"
            }
        }
        return null
    }

    private fun values(file: TensorFile): FloatArray {
        val buffer = ByteBuffer.wrap(bytes(file)).order(ByteOrder.LITTLE_ENDIAN)
        return FloatArray(file.size) {
            when (file.dtype) {
                DType.FLOAT32 -> buffer.getFloat(4 * it)
                DType.INT8 -> buffer.get(it).toFloat()
                DType.UINT8 -> (buffer.get(it).toInt() and 0xFF).toFloat()
            }
        }
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

/** The SHA-256 of some bytes, as 64 hexadecimal digits. */
fun sha256(bytes: ByteArray): String =
    MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
