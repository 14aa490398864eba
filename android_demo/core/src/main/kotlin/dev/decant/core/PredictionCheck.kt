package dev.decant.core

/**
 * Compares what the decode rule makes of two sets of outputs.
 *
 * Outputs that are all within tolerance can still move a box, or hide it.
 */
internal class PredictionCheck(private val sidecar: Sidecar) {
    /** What is found in one and not in the other; null if they agree. */
    fun mismatch(expected: List<Tensor>, found: List<Tensor>): String? = when (val rule = sidecar.decode) {
        is DetectionRule -> objects(rule, expected, found)
        is SegmentationRule -> masks(rule, expected, found)
        is TextRule -> texts(rule, expected, found)
        is ArgmaxRule -> labels(expected.single(), found.single())
        is UndecodedRule, null -> null
    }

    private fun labels(expected: Tensor, found: Tensor): String? {
        val (golden, given) = listOf(expected, found).map { sidecar.labels[ArgmaxDecoder.decode(it)] }
        return if (golden == given) null else "the label is $given, golden $golden"
    }

    private fun masks(rule: SegmentationRule, expected: List<Tensor>, found: List<Tensor>): String? {
        val (golden, given) = listOf(expected, found).map {
            MaskDecoder(rule, sidecar.outputs.single(), sidecar.labels.size).decode(it).pixels
        }
        val same = golden.indices.count { golden[it] == given[it] }.toDouble() / golden.size
        return if (same >= SAME_CELLS) null else "${percent(same)} % of the places have their golden label"
    }

    private fun percent(share: Double) = (100 * share).toInt()

    private fun texts(rule: TextRule, expected: List<Tensor>, found: List<Tensor>): String? {
        val (golden, given) = listOf(expected, found).map { TextDecoder(rule, sidecar.outputs).decode(it).text }
        return if (golden == given) null else "the text is \"$given\", golden \"$golden\""
    }

    private fun objects(rule: DetectionRule, expected: List<Tensor>, found: List<Tensor>): String? {
        val (golden, given) = listOf(expected, found).map { DetectionDecoder.of(rule, sidecar).decode(it) }
        val sure = rule.displayThreshold + SURE
        return alone(golden, given, sure)?.let { "golden ${described(golden, it)} is not found" }
            ?: alone(given, golden, sure)?.let { "${described(given, it)} is found and not golden" }
    }

    /** The first of [ones] that is [sure] and has no partner among [others], which need not be sure. */
    private fun alone(ones: Detections, others: Detections, sure: Double): Int? =
        (0 until ones.count).firstOrNull { one ->
            ones.scores[one] >= sure && (0 until others.count).none { other ->
                ones.labels[one] == others.labels[other] &&
                    isSame(envelope(ones.quads, one), envelope(others.quads, other))
            }
        }

    private fun described(found: Detections, index: Int): String =
        "${sidecar.labels[found.labels[index]]} of score ${found.scores[index]}"

    /** Left, top, right and bottom of a quad. */
    private fun envelope(quads: FloatArray, index: Int): List<Float> {
        val xs = List(4) { quads[8 * index + 2 * it] }
        val ys = List(4) { quads[8 * index + 2 * it + 1] }
        return listOf(xs.min(), ys.min(), xs.max(), ys.max())
    }

    private fun isSame(a: List<Float>, b: List<Float>): Boolean {
        val width = maxOf(minOf(a[2], b[2]) - maxOf(a[0], b[0]), 0f)
        val height = maxOf(minOf(a[3], b[3]) - maxOf(a[1], b[1]), 0f)
        val shared = width * height
        val union = area(a) + area(b) - shared
        // Without an area it is the same box or another.
        return if (union > 0) shared >= SAME_BOX * union else a == b
    }

    private fun area(box: List<Float>): Float = (box[2] - box[0]) * (box[3] - box[1])

    private companion object {
        /** How far a score must lie above the display threshold for its box to be expected. */
        const val SURE = 0.1

        /**
         * Least intersection over union of boxes that are the same. LiteRT's own int8 kernels and XNNPACK,
         * both right, come down to 0.85 on the detector's calibration photos.
         */
        const val SAME_BOX = 0.75f

        /**
         * Least share of the cells of a map that have the same label. Of the segmentation example the int8 and the
         * float file agree on 99.9 % at least; cells where two labels are nearly equal may be many elsewhere.
         */
        const val SAME_CELLS = 0.95
    }
}
