package dev.decant.core

/**
 * Where the upright photo lies in the tensor: tensor xy = photo xy * scale + offset, in pixels.
 *
 * @property width of the photo.
 * @property height of the photo.
 * @property tensorWidth of the tensor.
 * @property tensorHeight of the tensor.
 */
data class Placement(
    val scaleX: Double,
    val scaleY: Double,
    val offsetX: Double,
    val offsetY: Double,
    val width: Int,
    val height: Int,
    val tensorWidth: Int,
    val tensorHeight: Int,
) {
    /** Size of the whole resized photo, of which crop keeps a part. */
    val fittedWidth: Int get() = roundHalfEven(width * scaleX)
    val fittedHeight: Int get() = roundHalfEven(height * scaleY)

    fun toPhotoX(x: Float): Float = ((x - offsetX) / scaleX).toFloat()

    fun toPhotoY(y: Float): Float = ((y - offsetY) / scaleY).toFloat()

    companion object {
        /** Decides where an upright photo lies in the tensor of [rule]. */
        fun of(width: Int, height: Int, rule: ImageRule): Placement {
            val across = rule.width.toDouble() / width
            val down = rule.height.toDouble() / height
            fun at(scaleX: Double, scaleY: Double, offsetX: Double = 0.0, offsetY: Double = 0.0) =
                Placement(scaleX, scaleY, offsetX, offsetY, width, height, rule.width, rule.height)
            val scale = when (rule.resize) {
                ResizeKind.STRETCH -> return at(across, down)
                ResizeKind.LETTERBOX -> minOf(across, down)
                ResizeKind.CROP -> maxOf(across, down)
            }
            // The resized photo has whole pixels, so the scale of each axis is what they make it.
            val newWidth = maxOf(1, roundHalfEven(width * scale))
            val newHeight = maxOf(1, roundHalfEven(height * scale))
            val crops = rule.resize == ResizeKind.CROP
            return at(
                newWidth.toDouble() / width,
                newHeight.toDouble() / height,
                if (crops) -((newWidth - rule.width) / 2).toDouble() else 0.0,
                if (crops) -((newHeight - rule.height) / 2).toDouble() else 0.0,
            )
        }

        // As Python's round.
        private fun roundHalfEven(value: Double): Int = Math.rint(value).toInt()
    }
}

/**
 * Where an upright photo or camera frame is shown on the screen, centred.
 *
 * @param fills whether the view is filled and the photo cut (FILL_CENTER), else the photo is whole.
 * @param mirrored whether the view shows it mirrored, as the front camera's preview does.
 */
class ViewPlacement(
    photo: Pair<Int, Int>,
    view: Pair<Int, Int>,
    fills: Boolean,
    private val mirrored: Boolean = false,
) {
    private val viewWidth = view.first.toFloat()
    private val across = viewWidth / photo.first
    private val down = view.second.toFloat() / photo.second

    /** View pixels per photo pixel. */
    val scale: Float = if (fills) maxOf(across, down) else minOf(across, down)

    private val left = (viewWidth - photo.first * scale) / 2
    private val top = (view.second - photo.second * scale) / 2

    fun toViewX(x: Float): Float = (x * scale + left).let { if (mirrored) viewWidth - it else it }

    fun toViewY(y: Float): Float = y * scale + top

    fun toPhotoX(x: Float): Float = ((if (mirrored) viewWidth - x else x) - left) / scale

    fun toPhotoY(y: Float): Float = (y - top) / scale
}
