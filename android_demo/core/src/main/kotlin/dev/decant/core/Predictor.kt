package dev.decant.core

/**
 * Runs a model on frames: image rule, network, decode rule.
 *
 * Buffers are used again for every frame. Not thread-safe.
 *
 * @throws SidecarException if the sidecar has no image input, or more inputs than it.
 */
class Predictor(private val sidecar: Sidecar, private val session: Session) {
    private val detector = (sidecar.decode as? DetectionRule)?.let { DetectionDecoder.of(it, sidecar) }

    private val masks = (sidecar.decode as? SegmentationRule)?.let {
        MaskDecoder(it, sidecar.outputs.single(), sidecar.labels.size)
    }
    private val texts = (sidecar.decode as? TextRule)?.let { TextDecoder(it, sidecar.outputs) }

    /** The last run's input, which the preprocessor made, and its outputs. */
    val preprocessor: Preprocessor
    val outputs: List<Tensor> = sidecar.outputs.map(::Tensor)
    private val inputs: List<Tensor>

    init {
        val image = requireUsable(sidecar)
        preprocessor = Preprocessor(image, sidecar.inputs.first { it.name == image.name })
        inputs = listOf(preprocessor.tensor)
    }

    /**
     * Answers a frame by whatever rule there is.
     *
     * @param threshold from which score on objects are given; null for the sidecar's.
     * @param count of labels of a model that names the whole photo.
     * @throws EngineException if the network cannot be run, or gives a box that is none.
     */
    fun answer(frame: Frame, threshold: Double? = null, count: Int = TOP): Findings =
        when (val rule = sidecar.decode) {
            is DetectionRule -> {
                val found = detect(frame)
                Findings.Boxes(found.shown(rule, sidecar.labels, threshold ?: rule.displayThreshold))
            }
            is SegmentationRule -> segment(frame).let {
                Findings.Mask(it.width, it.height, it.pixels.copyOf(), it.shares(sidecar.labels))
            }
            is TextRule -> read(frame)
            is ArgmaxRule -> Findings.Ranking(rank(frame, count))
            is UndecodedRule, null -> {
                run(frame)
                Findings.Undecoded
            }
        }

    /** Finds objects in a frame, as quads in its upright pixels; valid until the next call. */
    fun detect(frame: Frame): Detections {
        val detector = checkNotNull(detector) { "the decode rule is ${sidecar.decode}; call answer" }
        return run(frame).let { detector.decode(outputs, it) }
    }

    /** The [count] labels that fit a frame best, best first. */
    fun rank(frame: Frame, count: Int): List<ScoredLabel> {
        check(sidecar.decode is ArgmaxRule) { "the decode rule is ${sidecar.decode}; call answer" }
        run(frame)
        val scores = outputs.single()
        return ArgmaxDecoder.best(scores, count).map { ScoredLabel(sidecar.labels[it], scores.asReals()[it]) }
    }

    /** The label of every pixel of a frame; valid until the next call. */
    fun segment(frame: Frame): LabelMask {
        val decoder = checkNotNull(masks) { "the decode rule is ${sidecar.decode}; call answer" }
        return run(frame).let { decoder.decode(outputs, it) }
    }

    /** Reads the text in a frame. */
    fun read(frame: Frame): Findings.Reading {
        val decoder = checkNotNull(texts) { "the decode rule is ${sidecar.decode}; call answer" }
        run(frame)
        return decoder.decode(outputs)
    }

    private fun run(frame: Frame): Placement {
        val placement = preprocessor.run(frame)
        session.run(inputs, outputs)
        return placement
    }

    companion object {
        private const val TOP = 5

        /**
         * The input that an app has to give: a photo, and nothing else.
         *
         * @throws SidecarException if the model takes no photo, or more than it.
         */
        fun requireUsable(sidecar: Sidecar): ImageInput {
            val image = sidecar.image
                ?: throw SidecarException("model.json: image is missing, so the model takes no photo")
            if (sidecar.inputs.size != 1) {
                throw SidecarException("model.json: inputs has more than the photo; this app can give no other")
            }
            return image
        }
    }
}
