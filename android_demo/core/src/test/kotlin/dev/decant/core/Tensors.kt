package dev.decant.core

/** Stores real numbers, quantized where the tensor is. */
fun Tensor.setReals(values: FloatArray) {
    require(values.size == info.size) { "${info.name}: ${values.size} values given, ${info.size} needed" }
    for (i in values.indices) {
        if (info.dtype == DType.FLOAT32) floats[i] = values[i] else bytes[i] = Tensor.quantize(info, values[i])
    }
}
