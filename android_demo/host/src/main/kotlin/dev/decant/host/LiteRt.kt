package dev.decant.host

import com.sun.jna.Callback
import com.sun.jna.Library
import com.sun.jna.Native
import com.sun.jna.Pointer
import com.sun.jna.ptr.PointerByReference
import dev.decant.core.EngineException
import java.io.File

/** The part of LiteRT's C API (litert/c of LiteRT 2.3) that runs a model; each call returns a status. */
@Suppress("FunctionName")
internal interface LiteRt : Library {
    fun LiteRtCreateEnvironment(count: Int, options: Pointer?, environment: PointerByReference): Int
    fun LiteRtDestroyEnvironment(environment: Pointer)

    fun LiteRtCreateModelFromFile(environment: Pointer, path: String, model: PointerByReference): Int
    fun LiteRtDestroyModel(model: Pointer)
    fun LiteRtGetModelSignature(model: Pointer, index: Long, signature: PointerByReference): Int
    fun LiteRtGetNumSignatureInputs(signature: Pointer, count: Pointer): Int
    fun LiteRtGetNumSignatureOutputs(signature: Pointer, count: Pointer): Int
    fun LiteRtGetSignatureInputName(signature: Pointer, index: Long, name: PointerByReference): Int
    fun LiteRtGetSignatureOutputName(signature: Pointer, index: Long, name: PointerByReference): Int
    fun LiteRtGetSignatureInputTensorByIndex(signature: Pointer, index: Long, tensor: PointerByReference): Int
    fun LiteRtGetSignatureOutputTensorByIndex(
        signature: Pointer,
        index: Long,
        tensor: PointerByReference,
    ): Int
    fun LiteRtGetRankedTensorType(tensor: Pointer, type: Pointer): Int

    fun LiteRtCreateOptions(options: PointerByReference): Int
    fun LiteRtDestroyOptions(options: Pointer)
    fun LiteRtSetOptionsHardwareAccelerators(options: Pointer, accelerators: Int): Int
    fun LiteRtCreateOpaqueOptions(
        identifier: String,
        payload: Pointer,
        destructor: Callback?,
        options: PointerByReference,
    ): Int
    fun LiteRtAddOpaqueOptions(options: Pointer, opaque: Pointer): Int

    fun LiteRtCreateCompiledModel(
        environment: Pointer,
        model: Pointer,
        options: Pointer,
        compiled: PointerByReference,
    ): Int
    fun LiteRtDestroyCompiledModel(compiled: Pointer)
    fun LiteRtGetCompiledModelInputBufferRequirements(
        compiled: Pointer,
        signature: Long,
        index: Long,
        requirements: PointerByReference,
    ): Int
    fun LiteRtGetCompiledModelOutputBufferRequirements(
        compiled: Pointer,
        signature: Long,
        index: Long,
        requirements: PointerByReference,
    ): Int
    fun LiteRtGetTensorBufferRequirementsBufferSize(requirements: Pointer, size: Pointer): Int
    fun LiteRtRunCompiledModel(
        compiled: Pointer,
        signature: Long,
        inputCount: Long,
        inputs: Pointer,
        outputCount: Long,
        outputs: Pointer,
    ): Int

    fun LiteRtCreateManagedTensorBuffer(
        environment: Pointer,
        kind: Int,
        type: Pointer,
        size: Long,
        buffer: PointerByReference,
    ): Int
    fun LiteRtDestroyTensorBuffer(buffer: Pointer)
    fun LiteRtLockTensorBuffer(buffer: Pointer, address: PointerByReference, mode: Int): Int
    fun LiteRtUnlockTensorBuffer(buffer: Pointer): Int

    companion object {
        const val HOST_MEMORY = 1
        const val LOCK_READ = 0
        const val LOCK_WRITE = 1
        const val ACCELERATOR_CPU = 1
        const val ACCELERATOR_GPU = 2

        /** What a status of litert_common.h says; the wheel does not export its own names. */
        fun reason(status: Int): String = when (status) {
            1 -> "invalid argument"
            2 -> "out of memory"
            3 -> "the runtime failed"
            5 -> "unsupported"
            6 -> "not found"
            8, 4000, 4002 -> "wrong version"
            500 -> "the file cannot be read"
            501 -> "the file is damaged"
            504 -> "compilation failed"
            else -> "LiteRT status"
        }

        /** Loads the library of the ai-edge-litert wheel. */
        fun load(library: File): LiteRt {
            if (!library.isFile) throw EngineException("$library: no such file; install ai-edge-litert")
            try {
                return Native.load(library.path, LiteRt::class.java)
            } catch (error: UnsatisfiedLinkError) {
                throw EngineException("$library: cannot be loaded (${error.message})", error)
            }
        }
    }
}
