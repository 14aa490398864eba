package com.google.ai.edge.litert

import android.content.res.AssetManager

class CompiledModel private constructor() : JniHandle() {
    data class CpuOptions(
        val numThreads: Int? = null,
        val xnnPackFlags: Int? = null,
        val xnnPackWeightCachePath: String? = null,
    )

    data class GpuOptions(
        val constantTensorSharing: Boolean? = null,
        val infiniteFloatCapping: Boolean? = null,
        val allowSrcQuantizedFcConvOps: Boolean? = null,
        val precision: Precision? = null,
        val bufferStorageType: BufferStorageType? = null,
        val preferTextureWeights: Boolean? = null,
        val serializationDir: String? = null,
        val modelCacheKey: String? = null,
        val serializeProgramCache: Boolean? = null,
        val serializeExternalTensors: Boolean? = null,
        val externalTensorsMode: Boolean? = null,
        val externalTensorPattern: String? = null,
        val backend: Backend? = null,
        val priority: Priority? = null,
        val numStepsOfCommandBufferPreparations: Int? = null,
    ) {
        enum class Precision(val value: Int) { DEFAULT(0), FP16(1), FP32(2) }

        enum class BufferStorageType(val value: Int) { DEFAULT(0), BUFFER(1), TEXTURE_2D(2) }

        enum class Backend(val value: Int) { AUTOMATIC(0), OPENCL(1), OPENGL(3) }

        enum class Priority(val value: Int) { DEFAULT(0), LOW(1), NORMAL(2), HIGH(3) }
    }

    class QualcommOptions

    class Options(internal val accelerators: Set<Accelerator>) {
        constructor(vararg accelerators: Accelerator) : this(setOf(*accelerators))

        var cpuOptions: CpuOptions? = null
        var gpuOptions: GpuOptions? = null
        var qualcommOptions: QualcommOptions? = null

        companion object {
            @JvmStatic val CPU: Options = Options(Accelerator.CPU)
        }
    }

    override fun destroy(): Unit = error("stub")

    fun createInputBuffer(inputName: String, signature: String = ""): TensorBuffer = error("stub")

    fun createOutputBuffer(outputName: String, signature: String = ""): TensorBuffer = error("stub")

    fun createInputBuffers(signatureIndex: Int = 0): List<TensorBuffer> = error("stub")

    fun createInputBuffers(signature: String): List<TensorBuffer> = error("stub")

    fun createOutputBuffers(signatureIndex: Int = 0): List<TensorBuffer> = error("stub")

    fun createOutputBuffers(signature: String): List<TensorBuffer> = error("stub")

    fun run(inputs: List<TensorBuffer>, signatureIndex: Int = 0): List<TensorBuffer> = error("stub")

    fun run(inputs: List<TensorBuffer>, signature: String): List<TensorBuffer> = error("stub")

    fun run(
        inputs: List<TensorBuffer>,
        outputs: List<TensorBuffer>,
        signatureIndex: Int = 0,
    ): Unit = error("stub")

    fun run(inputs: List<TensorBuffer>, outputs: List<TensorBuffer>, signature: String): Unit =
        error("stub")

    fun run(
        inputs: Map<String, TensorBuffer>,
        outputs: Map<String, TensorBuffer>,
        signature: String = "",
    ): Unit = error("stub")

    companion object {
        @JvmStatic
        fun create(
            assetManager: AssetManager,
            assetName: String,
            options: Options = Options.CPU,
            optionalEnv: Environment? = null,
        ): CompiledModel = error("stub")

        @JvmStatic
        fun create(
            filePath: String,
            options: Options = Options.CPU,
            optionalEnv: Environment? = null,
        ): CompiledModel = error("stub")
    }
}
