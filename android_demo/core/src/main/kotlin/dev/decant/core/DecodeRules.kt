package dev.decant.core

/** How outputs become predictions. */
sealed interface DecodeRule

/**
 * A rule that finds objects.
 *
 * @property scoreThreshold lower scores are dropped.
 * @property displayThreshold lower scores are not shown to a user; they are for measuring.
 */
sealed interface DetectionRule : DecodeRule {
    val scoreThreshold: Double
    val displayThreshold: Double
}

/**
 * For each stride s: `scores_s{s}` (logits) and `corners_s{s}` (four corners in units of s).
 *
 * @property nmsIou a box that overlaps a better one of its label by more is dropped.
 * @property maxCandidates cells looked at for overlaps, best first.
 * @property maxDetections kept per image, best first.
 */
data class QuadGridRule(
    val strides: List<Int>,
    override val scoreThreshold: Double,
    override val displayThreshold: Double,
    val nmsIou: Double,
    val maxCandidates: Int,
    val maxDetections: Int,
) : DetectionRule

/** The only output, [N, K], scores the K labels: the largest wins. */
data object ArgmaxRule : DecodeRule

/** Makes scores 0…1 of what a model gives. */
enum class Activation { NONE, SIGMOID, SOFTMAX }

/** What coordinates of boxes count: pixels of the model's input, or shares of its width and height. */
enum class BoxUnit { PIXELS, FRACTION }

/**
 * A rule of upright boxes.
 *
 * @property layout how boxes and their scores lie in the outputs.
 * @property multiLabel whether a box is an object of every label whose score passes, or of its best alone.
 * @property nmsIou a box that overlaps a better one by more is dropped.
 * @property classWise whether only boxes of one label are held against each other.
 * @property maxCandidates looked at for overlaps, best first.
 * @property maxDetections kept per image, best first.
 */
data class BoxRule(
    val layout: BoxLayout,
    val unit: BoxUnit,
    val multiLabel: Boolean,
    override val scoreThreshold: Double,
    override val displayThreshold: Double,
    val nmsIou: Double,
    val classWise: Boolean,
    val maxCandidates: Int,
    val maxDetections: Int,
) : DetectionRule

/** A layout that detectors are exported with. */
sealed interface BoxLayout

/** Which comes first in the output: [N, 4 + K, A] or [N, A, 4 + K]. */
enum class YoloOrder { VALUES_FIRST, BOXES_FIRST }

/**
 * `yolo`: one output with centre x and y, width and height of each place, then the scores.
 *
 * @property output its name; null for the only one.
 * @property objectness whether a score that there is an object at all stands before those of the labels.
 */
data class YoloLayout(
    val output: String?,
    val order: YoloOrder,
    val objectness: Boolean,
    val activation: Activation,
) : BoxLayout

/**
 * `end_to_end`: one output [N, R, 6] of corners, score and class, which the model itself has chosen.
 *
 * @property output its name; null for the only one.
 * @property firstClass the class that the first label has.
 */
data class EndToEndLayout(val output: String?, val firstClass: Int) : BoxLayout

/**
 * Boxes [N, A, 4] in one output, scores [N, A, K] in another.
 *
 * @property background index of the class that means that there is no object; it is no label.
 */
sealed interface TwoOutputLayout : BoxLayout {
    val boxes: String
    val scores: String
    val activation: Activation
    val background: Int?
}

/** Corners, or the top left corner ("xywh") or the centre ("cxcywh") with width and height. */
enum class BoxFormat { XYXY, YXYX, XYWH, CXCYWH }

/** `boxes_scores`: boxes as they are. */
data class BoxesScoresLayout(
    override val boxes: String,
    override val scores: String,
    override val activation: Activation,
    override val background: Int?,
    val format: BoxFormat,
) : TwoOutputLayout

/** As PyTorch's SSDs give offsets, or as TensorFlow's. */
enum class OffsetOrder { XYWH, YXHW }

/**
 * `ssd`: boxes as offsets to anchors (Liu et al. 2016, section 2.2).
 *
 * @property anchors centre x and y, width and height of each.
 * @property variances of x, y, w, h.
 */
data class SsdLayout(
    override val boxes: String,
    override val scores: String,
    override val activation: Activation,
    override val background: Int?,
    val anchors: List<List<Double>>,
    val variances: List<Double>,
    val offsetOrder: OffsetOrder,
) : TwoOutputLayout

/**
 * `segmentation`: the only output [N, K, h, w] has a map for each label, of which the largest value wins at every
 * pixel of the photo; or, of two labels, [N, 1, h, w], how much each place is of the second.
 *
 * @property activation makes a probability of a value.
 * @property threshold of one map, the probability from which on a pixel is of the second label.
 */
data class SegmentationRule(val activation: Activation, val threshold: Double) : DecodeRule

/** Whether equal classes in a row are one character ("ctc"), or each place has one of its own ("slots"). */
enum class TextKind { CTC, SLOTS }

/** [N, T, C], or [T, N, C] as PyTorch's loss takes it. */
enum class TextOrder { BATCH_FIRST, TIME_FIRST }

/**
 * `ctc` and `slots`: one output of scores of characters is a text.
 *
 * @property output its name; null for the only one.
 * @property alphabet what the classes stand for, without the blank.
 * @property blank index of the class that stands for no character; -1 is the last, null is none.
 * @property beamWidth with 1 the best class of each place counts, else the best of that many texts (CTC only).
 */
data class TextRule(
    val kind: TextKind,
    val output: String?,
    val order: TextOrder,
    val alphabet: List<String>,
    val blank: Int?,
    val activation: Activation,
    val beamWidth: Int = 1,
) : DecodeRule {
    /** How many scores there are at each place. */
    val classes: Int get() = alphabet.size + if (blank == null) 0 else 1

    /** The blank among the classes; null where there is none. */
    val blankIndex: Int? get() = if (blank == -1) alphabet.size else blank
}

/** A rule that has no decoder here; golden outputs count all the same. */
data class UndecodedRule(val kind: String) : DecodeRule
