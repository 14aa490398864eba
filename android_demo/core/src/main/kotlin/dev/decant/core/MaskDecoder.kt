package dev.decant.core

import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.ln

/** The label of every pixel of an upright photo, row by row; used again for every frame of its size. */
class LabelMask internal constructor(val width: Int, val height: Int, labels: Int) {
    /** Index into the sidecar's labels, or [UNSEEN]. */
    val pixels = ShortArray(width * height)

    /** Pixels of each label. */
    val counts = IntArray(labels)

    /** Labels that there are, that of most pixels first, with their shares of the pixels that were seen. */
    fun shares(labels: List<String>): List<LabelShare> {
        val seen = maxOf(1, counts.sum()).toDouble()
        return counts.indices.filter { counts[it] > 0 }.sortedByDescending { counts[it] }
            .map { LabelShare(it, labels[it], (counts[it] / seen).toFloat()) }
    }

    companion object {
        /** Where a crop cut the photo away. */
        const val UNSEEN: Short = -1
    }
}

/**
 * Labels every pixel of a photo, as `decant.contract.decode.segmentation` does: the same label for each.
 *
 * Buffers are used again for frames of one size. Not thread-safe.
 *
 * @param info of the only output.
 */
class MaskDecoder(rule: SegmentationRule, info: TensorInfo, private val labels: Int) {
    private val grid = requireNotNull(Grid.of(info)) { "${info.name} has shape ${info.shape}, not that of maps" }
    private val limit = rule.run {
        if (activation == Activation.NONE) threshold else ln(threshold / (1 - threshold))
    }.toFloat()
    private var view: View? = null

    /**
     * Decodes the outputs of one run; the result is valid until the next call.
     *
     * @param placement where the photo lies in the tensor; null labels each cell of the maps.
     */
    fun decode(outputs: List<Tensor>, placement: Placement? = null): LabelMask {
        val where = placement ?: grid.run { Placement(1.0, 1.0, 0.0, 0.0, width, height, width, height) }
        val current = view?.takeIf { it.placement == where } ?: View(where).also { view = it }
        return current.label(outputs.single().asReals())
    }

    /** How the pixels of a photo look through the maps' cells. */
    private inner class View(val placement: Placement) {
        private val across = placement.run { MapAxis(grid.width, width, scaleX, offsetX, tensorWidth) }
        private val down = placement.run { MapAxis(grid.height, height, scaleY, offsetY, tensorHeight) }
        private val width = placement.width
        private val mask = LabelMask(width, placement.height, labels)

        // Of every map the two rows of cells that a row of pixels lies between, drawn out to its width.
        private val lines = Array(2) { FloatArray(grid.channels * width) }
        private val held = IntArray(2)
        private val best = FloatArray(width)

        fun label(values: FloatArray): LabelMask {
            held.fill(-1)
            mask.counts.fill(0)
            mask.pixels.fill(LabelMask.UNSEEN)
            for (y in down.seenFrom until down.seenUntil) {
                hold(down.low[y], values)
                hold(down.high[y], values)
                if (grid.channels == 1) labelByLimit(y) else labelByLargest(y)
                count(y)
            }
            return mask
        }

        /** Interpolates a row of cells of every map between the cells' centres. */
        private fun hold(row: Int, values: FloatArray) {
            val slot = row and 1
            if (held[slot] == row) return
            held[slot] = row
            for (map in 0 until grid.channels) {
                val from = map * grid.channelStep + row * grid.width * grid.cellStep
                val to = map * width
                for (x in 0 until width) {
                    val low = values[from + across.low[x] * grid.cellStep]
                    val high = values[from + across.high[x] * grid.cellStep]
                    lines[slot][to + x] = low + (high - low) * across.beyond[x]
                }
            }
        }

        private fun labelByLimit(y: Int) {
            val low = lines[down.low[y] and 1]
            val high = lines[down.high[y] and 1]
            for (x in across.seenFrom until across.seenUntil) {
                val value = between(low[x], high[x], y)
                mask.pixels[y * width + x] = if (value >= limit) 1 else 0
            }
        }

        private fun labelByLargest(y: Int) {
            val low = lines[down.low[y] and 1]
            val high = lines[down.high[y] and 1]
            for (map in 0 until grid.channels) {
                val from = map * width
                for (x in across.seenFrom until across.seenUntil) {
                    val value = between(low[from + x], high[from + x], y)
                    // Of equal ones the first wins.
                    if (map > 0 && !(value > best[x])) continue
                    best[x] = value
                    mask.pixels[y * width + x] = map.toShort()
                }
            }
        }

        private fun between(low: Float, high: Float, y: Int): Float = low + (high - low) * down.beyond[y]

        private fun count(y: Int) {
            for (at in y * width + across.seenFrom until y * width + across.seenUntil) {
                mask.counts[mask.pixels[at].toInt()]++
            }
        }
    }
}

/**
 * Where the pixels of one axis of a photo lie between the cells of a map over the whole tensor.
 *
 * Pixels outside [seenFrom] until [seenUntil] are cut away by a crop.
 */
private class MapAxis(cells: Int, pixels: Int, scale: Double, offset: Double, tensor: Int) {
    val low = IntArray(pixels)
    val high = IntArray(pixels)
    val beyond = FloatArray(pixels)
    var seenFrom = pixels
        private set
    var seenUntil = 0
        private set

    init {
        val covered = minOf(tensor.toDouble(), pixels * scale + offset) * cells / tensor
        // A photo ends on a whole pixel of the tensor; the sum may be off by the last bits. Cells wholly on the
        // border of a letterbox colour no pixel.
        val last = maxOf(0, ceil(covered - 1e-6).toInt() - 1)
        for (pixel in 0 until pixels) {
            val inTensor = (pixel + 0.5) * scale + offset
            if (inTensor > 0 && inTensor < tensor) {
                seenFrom = minOf(seenFrom, pixel)
                seenUntil = pixel + 1
            }
            val at = (inTensor * (cells.toDouble() / tensor) - 0.5).coerceIn(0.0, last.toDouble())
            low[pixel] = floor(at).toInt()
            high[pixel] = minOf(low[pixel] + 1, last)
            beyond[pixel] = (at - low[pixel]).toFloat()
        }
    }
}
