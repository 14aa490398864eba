package dev.decant.core

/**
 * Turns frames into the input tensor by the image rule of the sidecar.
 *
 * All buffers are used again as long as frames of one size and orientation come. Not thread-safe.
 *
 * @param info the input that takes the photo, as the first of a batch; its shape fits the rule.
 */
class Preprocessor(private val image: ImageInput, info: TensorInfo) {
    /** The tensor last made. */
    val tensor = Tensor(info)

    private val rule = image.rule
    private val channels = rule.colour.channels
    private val cellStep = if (info.layout.channelsLast) channels else 1
    private val channelStep = if (info.layout.channelsLast) 1 else rule.height * rule.width
    private val floatTable = FloatArray(256 * channels) { real(it / 256, it % 256) }
    private val byteTable = ByteArray(256 * channels) { Tensor.quantize(info, floatTable[it]) }
    private val isFloat = info.dtype == DType.FLOAT32
    private var geometry: Geometry? = null

    /** Fills [tensor] from a frame; returns where the upright frame lies in it. */
    fun run(frame: Frame): Placement {
        val current = geometry?.takeIf { it.fits(frame) } ?: Geometry(frame).also {
            geometry = it
            pad()
        }
        current.resampler.resize(frame)
        current.store()
        return current.placement
    }

    /** Fills [tensor] from pixels [H, W, C] that are resized and in the rule's colours already. */
    fun run(pixels: ByteArray) {
        val needed = rule.height * rule.width * channels
        require(pixels.size == needed) { "${pixels.size} pixel values given, $needed needed" }
        geometry = null // The next frame pads again.
        for (i in pixels.indices) set(i / channels * cellStep, i % channels, pixels[i].toInt() and 0xFF)
    }

    /** The real number for a pixel value; float32 throughout, as in `decant.contract.images.normalise`. */
    private fun real(channel: Int, value: Int): Float {
        if (image.normalisedBy == NormalisedBy.FILE) return value.toFloat()
        return (value / 255f - rule.mean[channel].toFloat()) / rule.std[channel].toFloat()
    }

    private fun pad() {
        val grey = rule.padding * 0x010101
        for (cell in 0 until rule.height * rule.width) put(cell * cellStep, grey)
    }

    private fun put(at: Int, pixel: Int) {
        when (rule.colour) {
            Colour.RGB -> {
                set(at, 0, pixel and 0xFF)
                set(at, 1, pixel shr 8 and 0xFF)
                set(at, 2, pixel shr 16 and 0xFF)
            }
            Colour.BGR -> {
                set(at, 0, pixel shr 16 and 0xFF)
                set(at, 1, pixel shr 8 and 0xFF)
                set(at, 2, pixel and 0xFF)
            }
            Colour.GREY -> set(at, 0, grey(pixel))
        }
    }

    private fun set(at: Int, channel: Int, value: Int) {
        val index = at + channel * channelStep
        if (isFloat) tensor.floats[index] = floatTable[channel * 256 + value]
        else tensor.bytes[index] = byteTable[channel * 256 + value]
    }

    /** BT.601 luma in units of 2^-15, as OpenCV's RGB2GRAY. */
    private fun grey(pixel: Int): Int {
        val red = 9798 * (pixel and 0xFF)
        val green = 19235 * (pixel shr 8 and 0xFF)
        val blue = 3735 * (pixel shr 16 and 0xFF)
        return (red + green + blue + (1 shl 14)) shr 15
    }

    /** All that follows from a frame's size and orientation. */
    private inner class Geometry(frame: Frame) {
        val placement = Placement.of(frame.width, frame.height, rule)
        private val crop = frame.crop
        private val orientation = frame.orientation
        private val upright = listOf(
            axis(frame.width, placement.fittedWidth, -placement.offsetX, rule.width, orientation.flipsU),
            axis(frame.height, placement.fittedHeight, -placement.offsetY, rule.height, orientation.flipsV),
        )
        private val across = upright[if (orientation.transposed) 1 else 0]
        private val down = upright[if (orientation.transposed) 0 else 1]
        val resampler = Resampler(across, down)

        fun fits(frame: Frame): Boolean =
            frame.crop.width == crop.width && frame.crop.height == crop.height &&
                frame.orientation == orientation

        /** Weights along one upright axis, in the direction in which the frame stores it. */
        private fun axis(source: Int, fitted: Int, cut: Double, length: Int, flips: Boolean): Axis {
            val count = minOf(length, fitted)
            val from = cut.toInt()
            return Axis(source, fitted, if (flips) fitted - from - count else from, count, rule.shrink)
        }

        /** Copies the resized pixels to where they stand upright. */
        fun store() {
            val stepX = if (orientation.transposed) rule.width else 1
            val stepY = if (orientation.transposed) 1 else rule.width
            val dx = if (orientation.flipsX) -stepX else stepX
            val dy = if (orientation.flipsY) -stepY else stepY
            val startX = if (orientation.flipsX) (across.count - 1) * stepX else 0
            val startY = if (orientation.flipsY) (down.count - 1) * stepY else 0
            var pixel = 0
            for (y in 0 until down.count) {
                var cell = startX + startY + y * dy
                for (x in 0 until across.count) {
                    put(cell * cellStep, resampler.pixels[pixel++])
                    cell += dx
                }
            }
        }
    }
}

/** Whether the upright horizontal and vertical axes are stored backwards. */
private val Orientation.flipsU: Boolean get() = if (transposed) flipsY else flipsX
private val Orientation.flipsV: Boolean get() = if (transposed) flipsX else flipsY
