package dev.decant.core

import java.util.Arrays

/**
 * Finds upright boxes, as `decant.contract.decode.boxes` does: the same boxes in the same order.
 *
 * Buffers are used again for every frame. Not thread-safe.
 *
 * @param outputs the model's outputs, in the sidecar's order.
 * @param labels how many there are.
 */
class BoxDecoder(private val rule: BoxRule, outputs: List<TensorInfo>, private val labels: Int) : DetectionDecoder {
    private val reader = BoxReader.of(rule, outputs, labels)
    private val limit = rule.scoreThreshold.toFloat()

    // One entry for each score: its order and what it belongs to.
    private val order = LongArray(reader.scores.size)
    private val looked = minOf(order.size, rule.maxCandidates)
    private val candidates = Suppression(looked, rule.nmsIou.toFloat())
    private val box = FloatArray(4)
    private val detections = Detections(minOf(rule.maxDetections, looked))

    override fun decode(outputs: List<Tensor>, placement: Placement?): Detections {
        reader.read(outputs)
        val found = collect()
        Arrays.sort(order, 0, found)
        candidates.clear()
        detections.count = 0
        for (i in 0 until minOf(found, looked)) {
            if (detections.count == rule.maxDetections) break
            keep(placeOf(order[i]))
        }
        if (placement != null) move(placement)
        return detections
    }

    private fun collect(): Int {
        var found = 0
        for (index in 0 until reader.boxes) {
            val before = found
            found = if (rule.multiLabel) collectLabels(index, found) else collectBest(index, found)
            // Looked at last, for most places have nothing.
            if (found > before && !isFinite(index)) found = before
        }
        return found
    }

    private fun collectLabels(index: Int, already: Int): Int {
        var found = already
        for (place in index * labels until (index + 1) * labels) {
            if (reader.scores[place] > limit) order[found++] = rank(reader.scores[place], place)
        }
        return found
    }

    private fun collectBest(index: Int, already: Int): Int {
        val place = index * labels + largest(reader.scores, index * labels, labels)
        if (labels == 0 || !(reader.scores[place] > limit)) return already
        order[already] = rank(reader.scores[place], place)
        return already + 1
    }

    private fun isFinite(index: Int): Boolean {
        reader.box(index, box)
        return box[0].isFinite() && box[1].isFinite() && box[2].isFinite() && box[3].isFinite()
    }

    private fun keep(place: Int) {
        val label = place % labels
        reader.box(place / labels, box)
        if (!candidates.accept(box, if (rule.classWise) label else 0)) return
        val at = detections.count++
        for (corner in 0 until 4) {
            // Clockwise from the top left.
            detections.quads[8 * at + 2 * corner] = box[if (corner == 0 || corner == 3) 0 else 2]
            detections.quads[8 * at + 2 * corner + 1] = box[if (corner < 2) 1 else 3]
        }
        detections.scores[at] = reader.scores[place]
        detections.labels[at] = label
    }

    /** Maps the boxes to the pixels of the photo, and cuts them at its edges. */
    private fun move(placement: Placement) {
        val quads = detections.quads
        if (rule.unit == BoxUnit.FRACTION) {
            for (i in 0 until 8 * detections.count) {
                quads[i] *= if (i % 2 == 0) placement.tensorWidth.toFloat() else placement.tensorHeight.toFloat()
            }
        }
        detections.toPhoto(placement)
        for (i in 0 until 8 * detections.count) {
            val edge = if (i % 2 == 0) placement.width else placement.height
            quads[i] = quads[i].coerceIn(0f, edge.toFloat())
        }
    }
}
