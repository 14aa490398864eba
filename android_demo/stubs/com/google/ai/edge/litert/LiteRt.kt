package com.google.ai.edge.litert

import android.content.Context

enum class Accelerator { NONE, CPU, GPU, NPU }

abstract class JniHandle : AutoCloseable {
    final override fun close(): Unit = error("stub")
}

class LiteRtException(message: String) : Exception(message)

class Environment private constructor() : JniHandle() {
    companion object {
        fun create(options: Map<String, String> = mapOf()): Environment = error("stub")
    }
}

class TensorBuffer : JniHandle() {
    fun writeFloat(data: FloatArray): Unit = error("stub")

    fun writeInt8(data: ByteArray): Unit = error("stub")

    fun readFloat(): FloatArray = error("stub")

    fun readInt8(): ByteArray = error("stub")
}

class CompiledModel private constructor() : JniHandle() {
    data class CpuOptions(
        val numThreads: Int? = null,
        val xnnPackFlags: Int? = null,
        val xnnPackWeightCachePath: String? = null,
    )

    class Options(vararg accelerators: Accelerator) {
        var cpuOptions: CpuOptions? = null
    }

    fun createInputBuffer(inputName: String, signature: String? = null): TensorBuffer = error("stub")

    fun createOutputBuffer(outputName: String, signature: String? = null): TensorBuffer = error("stub")

    fun run(
        inputs: Map<String, TensorBuffer>,
        outputs: Map<String, TensorBuffer>,
        signature: String? = null,
    ): Unit = error("stub")

    companion object {
        fun create(
            filePath: String,
            options: Options,
            optionalEnv: Environment? = null,
        ): CompiledModel = error("stub")
    }
}
