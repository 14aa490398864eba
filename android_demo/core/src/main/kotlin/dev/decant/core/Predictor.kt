package dev.decant.core

/**
 * Runs a model on frames: image rule, network, decode rule.
 *
 * Buffers are used again for every frame. Not thread-safe.
 *
 * @throws SidecarException if the sidecar has no image input, more inputs than it, or no decode rule.
 */
class Predictor(private val sidecar: Sidecar, private val session: Session) {
    private val image = sidecar.image
        ?: throw SidecarException("model.json: image is missing, so the model takes no photo")
    private val rule = sidecar.decode
        ?: throw SidecarException("model.json: decode is missing, so outputs are not predictions")
    private val decoder = (rule as? QuadGridRule)?.let { QuadGridDecoder(it, sidecar.outputs) }

    /** The last run's input, which the preprocessor made, and its outputs. */
    val preprocessor = Preprocessor(image, sidecar.inputs.first { it.name == image.name })
    val outputs: List<Tensor> = sidecar.outputs.map(::Tensor)
    private val inputs = listOf(preprocessor.tensor)

    init {
        if (sidecar.inputs.size != 1) {
            throw SidecarException("model.json: inputs has more than the photo; this app can give no other")
        }
    }

    /** Finds objects in a frame, as quads in its upright pixels; valid until the next call. */
    fun detect(frame: Frame): Detections {
        val detector = checkNotNull(decoder) { "the decode rule is $rule; call classify" }
        val placement = preprocessor.run(frame)
        session.run(inputs, outputs)
        return detector.decode(outputs).also { it.toPhoto(placement) }
    }

    /** Finds the label of a frame. */
    fun classify(frame: Frame): String {
        preprocessor.run(frame)
        session.run(inputs, outputs)
        return sidecar.labels[ArgmaxDecoder.decode(outputs.single())]
    }
}
