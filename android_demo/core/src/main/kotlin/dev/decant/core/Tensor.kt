package dev.decant.core

/** Cells of the first of an output [N, H, W, C] or [N, C, H, W], and how far apart neighbours lie. */
internal class Grid(val channels: Int, val height: Int, val width: Int, channelsLast: Boolean) {
    val channelStep = if (channelsLast) 1 else height * width
    val cellStep = if (channelsLast) channels else 1

    companion object {
        /** The grid of a tensor; null where the shape has none. */
        fun of(info: TensorInfo): Grid? {
            val shape = info.shape
            if (shape.size != 4) return null
            val last = info.layout.channelsLast
            return if (last) Grid(shape[3], shape[1], shape[2], true)
            else Grid(shape[1], shape[2], shape[3], false)
        }
    }
}

/** The elements of one input or output, in a buffer that is used again for every frame. */
class Tensor(val info: TensorInfo) {
    /** The elements of a float32 tensor, else empty. */
    val floats = FloatArray(if (info.dtype == DType.FLOAT32) info.size else 0)

    /** The elements of an int8 or uint8 tensor, else empty. */
    val bytes = ByteArray(if (info.dtype == DType.FLOAT32) 0 else info.size)

    private val reals = if (info.dtype == DType.FLOAT32) floats else FloatArray(info.size)

    /** The elements as real numbers, dequantized where they are quantized; valid until the next call. */
    fun asReals(): FloatArray {
        if (info.dtype == DType.FLOAT32) return floats
        val zero = (info.quantization?.zeroPoint ?: 0).toFloat()
        val scale = info.quantization?.scale ?: 1f
        for (i in reals.indices) reals[i] = (integer(i).toFloat() - zero) * scale
        return reals
    }

    private fun integer(index: Int): Int {
        val value = bytes[index].toInt()
        return if (info.dtype == DType.UINT8) value and 0xFF else value
    }

    companion object {
        /** The byte that stands for a real number; halves go away from zero, as in TFLite's QUANTIZE. */
        fun quantize(info: TensorInfo, real: Float): Byte {
            val scaled = real / (info.quantization?.scale ?: 1f)
            val half = if (scaled < 0) -0.5f else 0.5f
            val rounded = (scaled + half).toInt() + (info.quantization?.zeroPoint ?: 0)
            val limits = if (info.dtype == DType.UINT8) 0..255 else -128..127
            return rounded.coerceIn(limits).toByte()
        }
    }
}
