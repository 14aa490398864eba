package dev.decant.core

/**
 * A whole `model.json`: all that an app has to know to use the model files beside it.
 *
 * @property inputs and outputs: the same for every variant.
 * @property licences SPDX expressions, by what they are for.
 * @property arrays how numbers go in, by input.
 * @property sounds how a sound goes in, by input.
 * @property madeFrom SHA-256 of each section of the spec and of the code, for whoever checks a release.
 */
data class Sidecar(
    val model: String,
    val variants: List<Variant>,
    val inputs: List<TensorInfo>,
    val outputs: List<TensorInfo>,
    val image: ImageInput?,
    val labels: List<String>,
    val decode: DecodeRule?,
    val golden: List<Golden>,
    val licences: Map<String, String>,
    val verdicts: List<Verdict>,
    val madeFrom: Map<String, String> = emptyMap(),
    val arrays: Map<String, ArrayRule> = emptyMap(),
    val sounds: Map<String, AudioRule> = emptyMap(),
) {
    /** Whether outputs become an answer here; if not, golden ones still tell whether they are right. */
    val hasDecoder: Boolean get() = decode != null && decode !is UndecodedRule

    /** The file that every device can run, and that accuracy and drop were measured with. */
    val cpu: Variant get() = variants.first { it.accelerator == Accelerator.CPU }
}

/**
 * A model file for one accelerator.
 *
 * @property name of the way it was made, as in `report.json`.
 * @property file relative to the sidecar.
 * @property tolerance how far its golden outputs may be missed, by output, in the output's real units.
 */
data class Variant(
    val accelerator: Accelerator,
    val name: String,
    val file: String,
    val sha256: String,
    val sizeBytes: Long,
    val tolerance: Map<String, Double>,
)

/** A requirement of the model's and what was measured; null where it was not. */
data class Verdict(
    val requirement: String,
    val subject: String,
    val unit: String,
    val limit: Double,
    val measured: Double?,
    val met: Boolean?,
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
    /** Sizes in ONNX's order of axes: N, C, …. */
    val onnxShape: List<Int> get() = onnxOrder.map { shape[it] }

    /** How far apart neighbours along each of those axes lie. */
    val onnxSteps: List<Int> get() = onnxOrder.map { shape.drop(it + 1).fold(1) { product, length -> product * length } }

    private val onnxOrder: List<Int>
        get() {
            val last = shape.lastIndex
            return if (layout.channelsLast && last > 0) listOf(0, last) + (1 until last) else shape.indices.toList()
        }

    /** Number of elements. */
    val size: Int get() = shape.fold(1) { product, length -> product * length }

    /** Number of elements of the first of a batch. */
    val sizeOfOne: Int get() = shape.drop(1).fold(1) { product, length -> product * length }
}

/** Which input takes the photo, and how. */
data class ImageInput(val name: String, val rule: ImageRule, val normalisedBy: NormalisedBy)

/** Who applies mean and std: the caller, or the model file, which then takes pixels 0…255. */
enum class NormalisedBy { APP, FILE }

/** Channel order of the input tensor. */
enum class Colour(val channels: Int) { RGB(3), BGR(3), GREY(1) }

/** Letterbox pads the right and the bottom, crop cuts the centre, stretch drops the aspect ratio. */
enum class ResizeKind { LETTERBOX, STRETCH, CROP }

/** How numbers become an input tensor: (number - mean) / std, one for all or one for each place of axis 1. */
data class ArrayRule(val mean: List<Double>, val std: List<Double>)

/** Where a sound that is too short gets its zeros. */
enum class Pad { END, BOTH }

/** Which part of a sound that is too long is taken. */
enum class Cut { START, CENTRE }

/** How a sound becomes an input tensor: [rate] samples a second, full scale being -1…1. */
data class AudioRule(val rate: Int, val pad: Pad, val cut: Cut)

/** How an axis shrinks: averaged over the source pixels that each new one covers, or as it grows. */
enum class Shrink { AREA, BILINEAR }

/**
 * How an upright photo becomes the input tensor: value = (pixel / 255 - mean) / std.
 *
 * An axis that grows is bilinear with half-pixel centres; the sidecar can state nothing else.
 */
data class ImageRule(
    val height: Int,
    val width: Int,
    val colour: Colour,
    val mean: List<Double>,
    val std: List<Double>,
    val resize: ResizeKind,
    val padding: Int,
    val shrink: Shrink,
)

/** A tensor in a file of its own: raw little-endian elements in C order. */
data class TensorFile(val file: String, val sha256: String, val dtype: DType, val shape: List<Int>) {
    /** Number of elements. */
    val size: Int get() = shape.fold(1) { product, length -> product * length }
}

/** One thing found in a golden photo, in its pixels. */
data class Prediction(val label: String, val score: Double, val quad: List<Pair<Double, Double>>)

/**
 * An example to check an implementation against.
 *
 * @property pixels the photo [H, W, C] as the image input takes it, before mean and std.
 * @property inputs those other than the image.
 * @property outputs of each variant's file, by accelerator and output.
 * @property predictions of the CPU's variant.
 */
data class Golden(
    val photo: String?,
    val photoSha256: String?,
    val pixels: TensorFile?,
    val inputs: Map<String, TensorFile>,
    val outputs: Map<Accelerator, Map<String, TensorFile>>,
    val predictions: List<Prediction>,
)

/** A sidecar that cannot be used; the message names the field. */
class SidecarException(message: String, cause: Throwable? = null) : RuntimeException(message, cause)
