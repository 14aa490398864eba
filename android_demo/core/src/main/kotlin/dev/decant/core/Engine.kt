package dev.decant.core

import java.io.File

/** Hardware that a model can be run on. */
enum class Accelerator { NPU, GPU, CPU }

/**
 * What is to be opened.
 *
 * @property model the model file.
 * @property variant what the sidecar says of it.
 * @property inputs its inputs, in the sidecar's order.
 * @property outputs its outputs, in the sidecar's order.
 * @property accelerator the only hardware to use: with two at a time LiteRT may silently fall back.
 * @property threads worker threads of the CPU.
 */
data class EngineRequest(
    val model: File,
    val variant: Variant,
    val inputs: List<TensorInfo>,
    val outputs: List<TensorInfo>,
    val accelerator: Accelerator = variant.accelerator,
    val threads: Int = 1,
) {
    companion object {
        /** Asks for a variant of the bundle in [folder], on the accelerator that it is for. */
        fun of(variant: Variant, sidecar: Sidecar, folder: File, threads: Int = 1) = EngineRequest(
            File(folder, variant.file), variant, sidecar.inputs, sidecar.outputs, threads = threads,
        )
    }

    /**
     * Refuses a file that is not the one described.
     *
     * Every engine asks this first: LiteRT reads beyond the end of a truncated file and crashes.
     *
     * @throws EngineException if it is missing or differs.
     */
    fun requireIntact() {
        val fits = model.isFile && model.length() == variant.sizeBytes &&
            sha256(model) == variant.sha256
        if (!fits) {
            throw EngineException("$model: is not the file that model.json describes; copy it again")
        }
    }
}

/** A runtime that runs model files. */
interface Engine {
    /**
     * Loads a model file.
     *
     * @throws EngineException if the file is damaged, does not have the tensors described, or the
     *   accelerator is not there.
     */
    fun open(request: EngineRequest): Session
}

/** A model file loaded on one accelerator. Not thread-safe; close it to release it. */
interface Session : AutoCloseable {
    /**
     * Runs the network once.
     *
     * @param inputs filled, in the request's order.
     * @param outputs to be filled, in the request's order.
     * @throws EngineException if the runtime fails.
     */
    fun run(inputs: List<Tensor>, outputs: List<Tensor>)
}

/** A model that cannot be loaded or run; the message names the step and the reason. */
class EngineException(message: String, cause: Throwable? = null) : RuntimeException(message, cause)
