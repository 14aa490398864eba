package dev.decant.demo

import com.google.ai.edge.litert.Accelerator as LiteRtAccelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.Environment
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.TensorBuffer
import dev.decant.core.Accelerator
import dev.decant.core.DType
import dev.decant.core.Engine
import dev.decant.core.EngineException
import dev.decant.core.EngineRequest
import dev.decant.core.ProgramCache
import dev.decant.core.Session
import dev.decant.core.Tensor
import java.io.File

/**
 * Runs models with LiteRT's CompiledModel, on the one accelerator that is asked for: with a second one
 * LiteRT silently falls back to it.
 *
 * @param programs where what the GPU compiles is kept from start to start.
 */
class LiteRtEngine(private val environment: Environment, private val programs: ProgramCache) : Engine {
    override fun open(request: EngineRequest): Session {
        request.requireIntact()
        return when (request.accelerator) {
            Accelerator.CPU -> open(request, cpuOptions(request.threads))
            Accelerator.GPU -> programs.using(request.variant.sha256) { folder ->
                open(request, gpuOptions(request.variant.sha256, folder))
            }
            Accelerator.NPU ->
                throw EngineException("${request.model.name} is not compiled for this device's NPU")
        }
    }

    private fun open(request: EngineRequest, options: CompiledModel.Options): Session =
        translating("cannot load ${request.model.name} on ${request.accelerator}") {
            val session = LiteRtSession(
                CompiledModel.create(request.model.path, options = options, optionalEnv = environment),
            )
            closingOnFailure(session) { session.also { it.makeBuffers(request) } }
        }

    private fun cpuOptions(threads: Int) = CompiledModel.Options(LiteRtAccelerator.CPU).apply {
        cpuOptions = CompiledModel.CpuOptions(numThreads = threads)
    }

    private fun gpuOptions(sha256: String, folder: File) =
        CompiledModel.Options(LiteRtAccelerator.GPU).apply {
            gpuOptions = CompiledModel.GpuOptions(
                serializationDir = folder.path,
                modelCacheKey = sha256,
                serializeProgramCache = true,
            )
        }
}

private class LiteRtSession(private val model: CompiledModel) : Session {
    private val inputs = HashMap<String, TensorBuffer>()
    private val outputs = HashMap<String, TensorBuffer>()

    /** Makes the buffers by name, so that a model without the tensors described is refused. */
    fun makeBuffers(request: EngineRequest) {
        for (info in request.inputs) inputs[info.name] = model.createInputBuffer(info.name)
        for (info in request.outputs) outputs[info.name] = model.createOutputBuffer(info.name)
    }

    override fun run(inputs: List<Tensor>, outputs: List<Tensor>) =
        translating("cannot run the model") {
            for (tensor in inputs) write(tensor, this.inputs.getValue(tensor.info.name))
            model.run(this.inputs, this.outputs)
            for (tensor in outputs) read(this.outputs.getValue(tensor.info.name), tensor)
        }

    private fun write(tensor: Tensor, buffer: TensorBuffer) {
        if (tensor.info.dtype == DType.FLOAT32) buffer.writeFloat(tensor.floats)
        else buffer.writeInt8(tensor.bytes)
    }

    private fun read(buffer: TensorBuffer, tensor: Tensor) {
        if (tensor.info.dtype == DType.FLOAT32) {
            buffer.readFloat().also { requireFits(it.size, tensor) }.copyInto(tensor.floats)
        } else {
            buffer.readInt8().also { requireFits(it.size, tensor) }.copyInto(tensor.bytes)
        }
    }

    private fun requireFits(size: Int, tensor: Tensor) {
        if (size == tensor.info.size) return
        throw EngineException(
            "the model gives $size elements for ${tensor.info.name}, the sidecar says " +
                "${tensor.info.size}; keep the two files of one run together",
        )
    }

    /** Buffers before the model that they belong to. */
    override fun close() {
        for (buffer in inputs.values + outputs.values) buffer.close()
        model.close()
    }
}

/** Turns what LiteRT throws into the core's exception. */
private inline fun <T> translating(step: String, action: () -> T): T = try {
    action()
} catch (error: LiteRtException) {
    throw EngineException("$step: ${error.message}", error)
}

/** Releases [resource] where [action], which would have taken it over, fails. */
inline fun <T> closingOnFailure(resource: AutoCloseable, action: () -> T): T {
    var taken = false
    try {
        return action().also { taken = true }
    } finally {
        if (!taken) resource.close()
    }
}
