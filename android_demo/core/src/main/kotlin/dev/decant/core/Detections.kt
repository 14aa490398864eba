package dev.decant.core

/** Makes detections of a model's outputs. */
interface DetectionDecoder {
    /**
     * Decodes the outputs of one run; the result is valid until the next call.
     *
     * @param placement where the photo lies in the tensor, in whose pixels the result then is; null for
     *   coordinates as the model gives them.
     */
    fun decode(outputs: List<Tensor>, placement: Placement? = null): Detections

    companion object {
        /** The decoder of a rule of a sidecar. */
        fun of(rule: DetectionRule, sidecar: Sidecar): DetectionDecoder = when (rule) {
            is QuadGridRule -> QuadGridDecoder(rule, sidecar.outputs)
            is BoxRule -> BoxDecoder(rule, sidecar.outputs, sidecar.labels.size)
        }
    }
}

/** What was found in one image, best first; used again for every frame. */
class Detections(capacity: Int) {
    /** How many there are. */
    var count: Int = 0
        internal set

    /** Eight floats each: xy of top-left, top-right, bottom-right, bottom-left. */
    val quads = FloatArray(8 * capacity)

    /** 0…1. */
    val scores = FloatArray(capacity)

    /** Index into the sidecar's labels. */
    val labels = IntArray(capacity)

    /** Maps the quads from pixels of the tensor to those of the upright photo, without clipping. */
    internal fun toPhoto(placement: Placement) {
        for (i in 0 until 4 * count) {
            quads[2 * i] = placement.toPhotoX(quads[2 * i])
            quads[2 * i + 1] = placement.toPhotoY(quads[2 * i + 1])
        }
    }
}
