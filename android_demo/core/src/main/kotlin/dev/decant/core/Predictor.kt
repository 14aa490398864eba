package dev.decant.core

/** A label of a classifier, and the score that the model gives it: as it comes, for no rule says more of it. */
data class ScoredLabel(val label: String, val score: Float)

/**
 * Runs a model on frames: image rule, network, decode rule.
 *
 * Buffers are used again for every frame. Not thread-safe.
 *
 * @throws SidecarException if the sidecar has no image input, more inputs than it, or no decode rule.
 */
class Predictor(private val sidecar: Sidecar, private val session: Session) {
    private val rule: DecodeRule
    private val decoder: QuadGridDecoder?

    /** The last run's input, which the preprocessor made, and its outputs. */
    val preprocessor: Preprocessor
    val outputs: List<Tensor> = sidecar.outputs.map(::Tensor)
    private val inputs: List<Tensor>

    init {
        val (image, rule) = requireUsable(sidecar)
        this.rule = rule
        decoder = (rule as? QuadGridRule)?.let { QuadGridDecoder(it, sidecar.outputs) }
        preprocessor = Preprocessor(image, sidecar.inputs.first { it.name == image.name })
        inputs = listOf(preprocessor.tensor)
    }

    /** Finds objects in a frame, as quads in its upright pixels; valid until the next call. */
    fun detect(frame: Frame): Detections {
        val detector = checkNotNull(decoder) { "the decode rule is $rule; call rank" }
        val placement = preprocessor.run(frame)
        session.run(inputs, outputs)
        return detector.decode(outputs).also { it.toPhoto(placement) }
    }

    /** The [count] labels that fit a frame best, best first. */
    fun rank(frame: Frame, count: Int): List<ScoredLabel> {
        check(rule is ArgmaxRule) { "the decode rule is $rule; call detect" }
        preprocessor.run(frame)
        session.run(inputs, outputs)
        val scores = outputs.single()
        return ArgmaxDecoder.best(scores, count).map { ScoredLabel(sidecar.labels[it], scores.asReals()[it]) }
    }

    companion object {
        /**
         * What an app needs to answer photos.
         *
         * @throws SidecarException if the model takes no photo, or more than it, or its outputs are no answer.
         */
        fun requireUsable(sidecar: Sidecar): Pair<ImageInput, DecodeRule> {
            val image = sidecar.image
                ?: throw SidecarException("model.json: image is missing, so the model takes no photo")
            val rule = sidecar.decode
                ?: throw SidecarException("model.json: decode is missing, so outputs are not predictions")
            if (sidecar.inputs.size != 1) {
                throw SidecarException("model.json: inputs has more than the photo; this app can give no other")
            }
            return image to rule
        }
    }
}
