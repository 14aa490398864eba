package dev.decant.core

import kotlin.math.exp
import kotlin.math.ln

/**
 * Takes boxes and the scores of their labels out of outputs of one layout, in float32 as Python does.
 *
 * @property boxes how many there are.
 */
internal abstract class BoxReader(val boxes: Int, protected val labels: Int) {
    /** [boxes, labels]; what cannot reach the threshold may be 0. */
    val scores = FloatArray(boxes * labels)

    /** Takes the outputs of one run. */
    abstract fun read(outputs: List<Tensor>)

    /** Left, top, right and bottom of a box, in the rule's unit. */
    abstract fun box(index: Int, into: FloatArray)

    companion object {
        fun of(rule: BoxRule, outputs: List<TensorInfo>, labels: Int): BoxReader {
            val floor = rule.scoreThreshold.let { ln(it / (1 - it)) - MARGIN }.toFloat()
            return when (val layout = rule.layout) {
                is YoloLayout -> YoloReader(layout, outputs, labels, floor)
                is EndToEndLayout -> EndToEndReader(layout, outputs, labels)
                is BoxesScoresLayout -> BoxesScoresReader(layout, outputs, labels, floor)
                is SsdLayout -> SsdReader(layout, outputs, labels, floor)
            }
        }

        /** How far below the threshold a logit is not looked at: far more than a sigmoid can be rounded by. */
        private const val MARGIN = 0.01
    }
}

/** An output [N, rows, values], or [N, values, rows] where it is [turned]: those of the first sample. */
internal class Rows(name: String?, outputs: List<TensorInfo>, turned: Boolean = false) {
    private val index = if (name == null) 0 else outputs.indexOfFirst { it.name == name }
    private val axis = if (turned) 2 else 1
    val count = outputs[index].onnxShape[axis]
    val width = outputs[index].onnxShape[3 - axis]
    private val rowStep = outputs[index].onnxSteps[axis]

    /** From one value of a row to the next. */
    val step = outputs[index].onnxSteps[3 - axis]
    var values = FloatArray(0)
        private set

    fun read(outputs: List<Tensor>) {
        values = outputs[index].asReals()
    }

    fun start(row: Int): Int = row * rowStep

    operator fun get(row: Int, value: Int): Float = values[row * rowStep + value * step]
}

private class YoloReader(
    private val layout: YoloLayout,
    private val rows: Rows,
    labels: Int,
    private val floor: Float,
) : BoxReader(rows.count, labels) {
    constructor(layout: YoloLayout, outputs: List<TensorInfo>, labels: Int, floor: Float) :
        this(layout, Rows(layout.output, outputs, layout.order == YoloOrder.VALUES_FIRST), labels, floor)

    private val first = if (layout.objectness) 5 else 4

    override fun read(outputs: List<Tensor>) {
        rows.read(outputs)
        for (row in 0 until boxes) {
            val objectness = if (layout.objectness) score(rows[row, 4]) else 1f
            for (label in 0 until labels) {
                scores[row * labels + label] = objectness * score(rows[row, first + label])
            }
        }
    }

    // Neither factor of a product of sigmoids may lie below the threshold.
    private fun score(value: Float): Float = when {
        layout.activation == Activation.NONE -> value
        value < floor -> 0f
        else -> sigmoid(value)
    }

    override fun box(index: Int, into: FloatArray) {
        for (i in 0 until 4) into[i] = rows[index, i]
        centred(into)
    }
}

private class EndToEndReader(layout: EndToEndLayout, private val rows: Rows, labels: Int) :
    BoxReader(rows.count, labels) {
    constructor(layout: EndToEndLayout, outputs: List<TensorInfo>, labels: Int) :
        this(layout, Rows(layout.output, outputs), labels)

    private val firstClass = layout.firstClass.toFloat()

    override fun read(outputs: List<Tensor>) {
        rows.read(outputs)
        scores.fill(0f)
        for (row in 0 until boxes) {
            // A quantized class is rounded.
            val named = Math.rint(rows[row, 5].toDouble()).toFloat() - firstClass
            if (named >= 0 && named < labels && named == named.toInt().toFloat()) {
                scores[row * labels + named.toInt()] = rows[row, 4]
            }
        }
    }

    override fun box(index: Int, into: FloatArray) {
        for (i in 0 until 4) into[i] = rows[index, i]
    }
}

/** Boxes in one output, scores in another. */
private abstract class TwoOutputReader(
    private val layout: TwoOutputLayout,
    protected val places: Rows,
    private val classes: Rows,
    labels: Int,
    private val floor: Float,
) : BoxReader(places.count, labels) {
    private val row = FloatArray(classes.width)

    override fun read(outputs: List<Tensor>) {
        places.read(outputs)
        classes.read(outputs)
        for (place in 0 until boxes) {
            activate(place)
            var label = 0
            for (index in row.indices) {
                if (index != layout.background) scores[place * labels + label++] = row[index]
            }
        }
    }

    private fun activate(place: Int) {
        if (layout.activation == Activation.SOFTMAX) {
            softmax(classes.values, classes.start(place), classes.step, row.size, row)
            return
        }
        for (index in row.indices) {
            val value = classes[place, index]
            row[index] = when {
                layout.activation == Activation.NONE -> value
                value < floor -> 0f
                else -> sigmoid(value)
            }
        }
    }
}

private class BoxesScoresReader(
    private val layout: BoxesScoresLayout,
    outputs: List<TensorInfo>,
    labels: Int,
    floor: Float,
) : TwoOutputReader(layout, Rows(layout.boxes, outputs), Rows(layout.scores, outputs), labels, floor) {
    override fun box(index: Int, into: FloatArray) {
        for (i in 0 until 4) into[i] = places[index, if (layout.format == BoxFormat.YXYX) i xor 1 else i]
        when (layout.format) {
            BoxFormat.XYXY, BoxFormat.YXYX -> Unit
            BoxFormat.CXCYWH -> centred(into)
            BoxFormat.XYWH -> sized(into)
        }
    }
}

private class SsdReader(
    private val layout: SsdLayout,
    outputs: List<TensorInfo>,
    labels: Int,
    floor: Float,
) : TwoOutputReader(layout, Rows(layout.boxes, outputs), Rows(layout.scores, outputs), labels, floor) {
    private val anchors = FloatArray(4 * layout.anchors.size) { layout.anchors[it / 4][it % 4].toFloat() }
    private val variances = FloatArray(4) { layout.variances[it].toFloat() }

    override fun box(index: Int, into: FloatArray) {
        val anchor = 4 * index
        for (i in 0 until 4) {
            val offset = places[index, if (layout.offsetOrder == OffsetOrder.YXHW) i xor 1 else i] * variances[i]
            val side = anchors[anchor + 2 + i % 2]
            into[i] =
                if (i < 2) anchors[anchor + i] + offset * side
                else side * exp(minOf(offset, LARGEST_STRETCH).toDouble()).toFloat()
        }
        centred(into)
    }

    private companion object {
        /** As torchvision's `bbox_xform_clip`: what a wild logit stretches stays finite. */
        val LARGEST_STRETCH = ln(1000.0 / 16).toFloat()
    }
}

/** Turns centre and size into corners. */
private fun centred(box: FloatArray) {
    for (i in 0..1) box[i] -= box[i + 2] / 2
    sized(box)
}

/** Turns the top left corner and the size into corners. */
private fun sized(box: FloatArray) {
    for (i in 0..1) box[i + 2] += box[i]
}
