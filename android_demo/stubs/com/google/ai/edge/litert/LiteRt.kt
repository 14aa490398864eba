package com.google.ai.edge.litert

import android.content.Context

enum class Accelerator(val value: Int) { NONE(0), CPU(1), GPU(2), NPU(3) }

abstract class JniHandle internal constructor() : AutoCloseable {
    protected abstract fun destroy()

    final override fun close(): Unit = error("stub")
}

enum class Status(val code: Int) {
    Ok(0),
    ErrorInvalidArgument(1),
    ErrorRuntimeFailure(3),
    ErrorUnsupported(5),
    ErrorCompilation(504),
}

class LiteRtException(private val status: Status, message: String) : Exception(message) {
    constructor(code: Int, message: String) : this(Status.entries.first { it.code == code }, message)
}

interface NpuAcceleratorProvider

class Environment private constructor() : JniHandle() {
    enum class Option(val value: Int) {
        CompilerPluginLibraryDir(0),
        DispatchLibraryDir(1),
        SystemRuntimeHandle(23),
        SystemGpuAcceleratorHandle(30),
    }

    override fun destroy(): Unit = error("stub")

    fun getAvailableAccelerators(): Set<Accelerator> = error("stub")

    companion object {
        @JvmStatic
        fun create(
            context: Context,
            options: Map<Option, String> = mapOf(),
            enableCompilerCache: Boolean = true,
        ): Environment = error("stub")

        @JvmStatic
        fun create(options: Map<Option, String> = mapOf()): Environment = error("stub")

        @JvmStatic
        fun create(
            context: Context,
            npuAcceleratorProvider: NpuAcceleratorProvider,
            options: Map<Option, String> = mapOf(),
            enableCompilerCache: Boolean = true,
        ): Environment = error("stub")

        @JvmStatic
        fun create(
            npuAcceleratorProvider: NpuAcceleratorProvider,
            options: Map<Option, String> = mapOf(),
        ): Environment = error("stub")
    }
}

class TensorBuffer internal constructor() : JniHandle() {
    override fun destroy(): Unit = error("stub")

    fun writeInt(data: IntArray): Unit = error("stub")

    fun writeFloat(data: FloatArray): Unit = error("stub")

    fun writeInt8(data: ByteArray): Unit = error("stub")

    fun writeBoolean(data: BooleanArray): Unit = error("stub")

    fun writeLong(data: LongArray): Unit = error("stub")

    fun readInt(): IntArray = error("stub")

    fun readFloat(): FloatArray = error("stub")

    fun readInt8(): ByteArray = error("stub")

    fun readBoolean(): BooleanArray = error("stub")

    fun readLong(): LongArray = error("stub")
}
