package dev.decant.core

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest

/** How far an output may lie from the golden one: absolute + relative * |golden|. */
data class Tolerance(val absolute: Double, val relative: Double)

/**
 * Compares a session's outputs with the sidecar's golden ones.
 *
 * @param read gives the bytes of a file of the bundle by the name that the sidecar has for it.
 */
class GoldenCheck(private val sidecar: Sidecar, private val read: (String) -> ByteArray) {
    /**
     * Runs every golden example; null if all outputs are within tolerance, else what is not.
     *
     * @throws SidecarException if there is no example, or one of its files is damaged.
     */
    fun mismatch(session: Session, tolerance: Tolerance): String? {
        if (sidecar.golden.isEmpty()) {
            throw SidecarException("model.json: golden is empty; nothing can be checked")
        }
        val inputs = sidecar.inputs.map(::Tensor)
        val outputs = sidecar.outputs.map(::Tensor)
        return sidecar.golden.firstNotNullOfOrNull { golden ->
            inputs.forEach { it.setReals(values(golden.inputs.getValue(it.info.name))) }
            session.run(inputs, outputs)
            outputs.firstNotNullOfOrNull { difference(it, golden.outputs.getValue(it.info.name), tolerance) }
        }
    }

    private fun difference(output: Tensor, file: TensorFile, tolerance: Tolerance): String? {
        val expected = values(file)
        val found = output.asReals()
        for (i in expected.indices) {
            val allowed = tolerance.absolute + tolerance.relative * Math.abs(expected[i])
            val apart = Math.abs(found[i].toDouble() - expected[i])
            // Written so that NaN is a mismatch.
            if (!(apart <= allowed)) {
                return "${output.info.name}[$i] is ${found[i]}, golden ${expected[i]}, allowed apart $allowed"
            }
        }
        return null
    }

    private fun values(file: TensorFile): FloatArray {
        val bytes = read(file.file)
        val size = file.shape.fold(1) { product, length -> product * length }
        if (sha256(bytes) != file.sha256 || bytes.size != size * file.dtype.bytes) {
            throw SidecarException("${file.file}: is not the file that model.json describes; copy it again")
        }
        val buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
        return FloatArray(size) {
            when (file.dtype) {
                DType.FLOAT32 -> buffer.getFloat(4 * it)
                DType.INT8 -> buffer.get(it).toFloat()
                DType.UINT8 -> (buffer.get(it).toInt() and 0xFF).toFloat()
            }
        }
    }
}

/** The SHA-256 of some bytes, as 64 hexadecimal digits. */
fun sha256(bytes: ByteArray): String =
    MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
