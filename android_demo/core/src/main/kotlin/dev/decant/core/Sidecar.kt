package dev.decant.core

/** A whole `model.json`: all that an app has to know to use the model file beside it. */
data class Sidecar(
    val model: String,
    val file: String,
    val sha256: String,
    val sizeBytes: Long,
    val inputs: List<TensorInfo>,
    val outputs: List<TensorInfo>,
    val image: ImageInput?,
    val labels: List<String>,
    val decode: DecodeRule?,
    val golden: List<Golden>,
)

/** Element type of a tensor in the model file; `numpyName` is how the sidecar writes it. */
enum class DType(val numpyName: String, val bytes: Int) {
    FLOAT32("float32", 4),
    INT8("int8", 1),
    UINT8("uint8", 1),
}

/** Axis order in the model file; KEEP means as in ONNX. */
enum class Layout {
    NCHW, NHWC, NCW, NWC, NCDHW, NDHWC, KEEP;

    val channelsLast: Boolean get() = this == NHWC || this == NWC || this == NDHWC
}

/** How an integer tensor stands for reals: real = (value - zeroPoint) * scale. */
data class Quantization(val scale: Float, val zeroPoint: Int)

/** One input or output of the model file; `shape` in the file's axis order. */
data class TensorInfo(
    val name: String,
    val shape: List<Int>,
    val dtype: DType,
    val layout: Layout,
    val quantization: Quantization?,
) {
    /** Number of elements. */
    val size: Int get() = shape.fold(1) { product, length -> product * length }
}

/** Which input takes the photo, and how. */
data class ImageInput(val name: String, val rule: ImageRule, val normalisedBy: NormalisedBy)

/** Who applies mean and std: the caller, or the model file, which then takes pixels 0…255. */
enum class NormalisedBy { APP, FILE }

/** Channel order of the input tensor. */
enum class Colour(val channels: Int) { RGB(3), BGR(3), GREY(1) }

/** Letterbox pads the right and the bottom, crop cuts the centre, stretch drops the aspect ratio. */
enum class ResizeKind { LETTERBOX, STRETCH, CROP }

/**
 * How a photo becomes the input tensor: value = (pixel / 255 - mean) / std.
 *
 * With [antialias] an axis that shrinks is averaged over the source pixels (area interpolation);
 * every other axis is bilinear with half-pixel centres.
 */
data class ImageRule(
    val height: Int,
    val width: Int,
    val colour: Colour,
    val mean: List<Double>,
    val std: List<Double>,
    val resize: ResizeKind,
    val antialias: Boolean,
    val padding: Int,
)

/** How outputs become predictions. */
sealed interface DecodeRule

/** For each stride s: `scores_s{s}` (logits) and `corners_s{s}` (four corners in units of s). */
data class QuadGridRule(
    val strides: List<Int>,
    val scoreThreshold: Double,
    val nmsIou: Double,
    val maxDetections: Int,
) : DecodeRule

/** The only output, [N, K], scores the K labels: the largest wins. */
data object ArgmaxRule : DecodeRule

/** A tensor in a file of its own: raw little-endian elements in C order. */
data class TensorFile(val file: String, val sha256: String, val dtype: DType, val shape: List<Int>)

/** One thing found in a golden photo, in its pixels. */
data class Prediction(val label: String, val score: Double, val quad: List<Pair<Double, Double>>)

/** An example to check an implementation against. */
data class Golden(
    val photo: String?,
    val photoSha256: String?,
    val inputs: Map<String, TensorFile>,
    val outputs: Map<String, TensorFile>,
    val predictions: List<Prediction>,
)

/** A sidecar that cannot be used; the message names the field. */
class SidecarException(message: String, cause: Throwable? = null) : RuntimeException(message, cause)
