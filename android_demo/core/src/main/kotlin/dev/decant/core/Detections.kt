package dev.decant.core

/** What was found in one image, best first, in pixels of the model's input; used again for every frame. */
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

    /** Maps the quads to the pixels of the upright photo, without clipping. */
    fun toPhoto(placement: Placement) {
        for (i in 0 until 4 * count) {
            quads[2 * i] = placement.toPhotoX(quads[2 * i])
            quads[2 * i + 1] = placement.toPhotoY(quads[2 * i + 1])
        }
    }
}
