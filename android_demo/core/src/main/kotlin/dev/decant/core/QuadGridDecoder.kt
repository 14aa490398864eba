package dev.decant.core

import java.util.Arrays
import kotlin.math.ln

/**
 * Makes detections of the grids of scores and corners, as `decant.contract.decode` does.
 *
 * Buffers are used again for every frame. Not thread-safe.
 *
 * @param outputs the model's outputs, in the sidecar's order.
 */
class QuadGridDecoder(private val rule: QuadGridRule, outputs: List<TensorInfo>) : DetectionDecoder {
    // Loops over arrays allocate no iterator.
    private val levels = Array(rule.strides.size) { Level(rule.strides[it], outputs) }
    private val limit = ln(rule.scoreThreshold / (1 - rule.scoreThreshold)).toFloat()

    // One entry for each score: its order (descending logit, then place) and what it belongs to.
    private val order = LongArray(levels.sumOf { it.cells * it.labels })
    private val looked = minOf(order.size, rule.maxCandidates)
    private val candidates = Suppression(looked, rule.nmsIou.toFloat())
    private val quad = FloatArray(8)
    private val box = FloatArray(4)
    private val detections = Detections(minOf(rule.maxDetections, looked))

    override fun decode(outputs: List<Tensor>, placement: Placement?): Detections {
        for (level in levels) level.values(outputs)
        val found = collect()
        Arrays.sort(order, 0, found)
        candidates.clear()
        detections.count = 0
        for (i in 0 until minOf(found, looked)) {
            if (detections.count == rule.maxDetections) break
            keep(placeOf(order[i]))
        }
        placement?.let(detections::toPhoto)
        return detections
    }

    private fun collect(): Int {
        var found = 0
        var place = 0
        for (level in levels) {
            for (label in 0 until level.labels) {
                for (cell in 0 until level.cells) {
                    // Comparing logits leaves the sigmoid to the few cells that pass.
                    val logit = level.logit(label, cell)
                    if (logit > limit) order[found++] = rank(logit, place)
                    place++
                }
            }
        }
        return found
    }

    private fun keep(place: Int) {
        var rest = place
        var number = 0
        while (rest >= levels[number].labels * levels[number].cells) {
            rest -= levels[number].labels * levels[number].cells
            number++
        }
        val level = levels[number]
        val label = rest / level.cells
        val cell = rest % level.cells
        level.quad(cell, quad)
        envelope(quad, box)
        if (!candidates.accept(box, label)) return
        val at = detections.count++
        quad.copyInto(detections.quads, 8 * at)
        detections.scores[at] = sigmoid(level.logit(label, cell))
        detections.labels[at] = label
    }

    /** The two outputs of one stride. */
    private class Level(private val stride: Int, outputs: List<TensorInfo>) {
        private val scoreIndex = indexOf("scores_s$stride", outputs)
        private val cornerIndex = indexOf("corners_s$stride", outputs)
        private val scoreGrid = gridOf(outputs[scoreIndex])
        private val cornerGrid = gridOf(outputs[cornerIndex])
        private var scores = FloatArray(0)
        private var corners = FloatArray(0)
        val labels = scoreGrid.channels
        val cells = scoreGrid.height * scoreGrid.width

        fun values(outputs: List<Tensor>) {
            scores = outputs[scoreIndex].asReals()
            corners = outputs[cornerIndex].asReals()
        }

        fun logit(label: Int, cell: Int): Float =
            scores[label * scoreGrid.channelStep + cell * scoreGrid.cellStep]

        fun quad(cell: Int, into: FloatArray) {
            val centreX = (cell % scoreGrid.width + 0.5) * stride
            val centreY = (cell / scoreGrid.width + 0.5) * stride
            for (i in 0 until 8) {
                val offset = corners[i * cornerGrid.channelStep + cell * cornerGrid.cellStep] * stride
                into[i] = ((if (i % 2 == 0) centreX else centreY) + offset).toFloat()
            }
        }

        private fun indexOf(name: String, outputs: List<TensorInfo>): Int =
            outputs.indexOfFirst { it.name == name }.also {
                require(it >= 0) { "the model has no output $name for stride $stride" }
            }

        private fun gridOf(info: TensorInfo): Grid =
            requireNotNull(Grid.of(info)) { "${info.name} has shape ${info.shape}, not that of a grid" }
    }
}
