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
import dev.decant.core.Session
import dev.decant.core.Tensor

/** Runs models with LiteRT's CompiledModel, on the one accelerator that is asked for. */
class LiteRtEngine(private val environment: Environment) : Engine {
    override fun open(request: EngineRequest): Session {
        request.requireIntact()
        return translating("cannot load ${request.model.name} on ${request.accelerator}") {
            val model =
                CompiledModel.create(request.model.path, optionsFor(request), environment)
            closingOnFailure(model) { LiteRtSession(model, request) }
        }
    }

    private fun optionsFor(request: EngineRequest): CompiledModel.Options {
        // One accelerator only: with a second one LiteRT silently falls back to it. Asked for the NPU
        // alone, CompiledModel adds the CPU by itself, so that "NPU" may be the NPU and the CPU.
        val options = CompiledModel.Options(
            when (request.accelerator) {
                Accelerator.NPU -> LiteRtAccelerator.NPU
                Accelerator.GPU -> LiteRtAccelerator.GPU
                Accelerator.CPU -> LiteRtAccelerator.CPU
            },
        )
        if (request.accelerator == Accelerator.CPU) {
            options.cpuOptions = CompiledModel.CpuOptions(numThreads = request.threads)
        }
        return options
    }
}

/** Buffers are made by name, so a model without the tensors described is refused. */
private class LiteRtSession(private val model: CompiledModel, request: EngineRequest) : Session {
    private val opened = mutableListOf<AutoCloseable>(model)
    private val inputs: Map<String, TensorBuffer>
    private val outputs: Map<String, TensorBuffer>

    init {
        inputs = request.inputs.associate { it.name to keep(model.createInputBuffer(it.name)) }
        outputs = request.outputs.associate { it.name to keep(model.createOutputBuffer(it.name)) }
    }

    private fun keep(buffer: TensorBuffer): TensorBuffer = buffer.also { opened += it }

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
    override fun close() = opened.asReversed().forEach { it.close() }
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
