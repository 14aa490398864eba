package dev.decant.core

/**
 * How a stored picture has to be turned to stand upright, by its EXIF number.
 *
 * @property transposed whether stored x runs along the upright height.
 * @property flipsX whether stored x runs against its upright axis.
 * @property flipsY whether stored y runs against its upright axis.
 */
enum class Orientation(
    val exif: Int,
    val transposed: Boolean,
    val flipsX: Boolean,
    val flipsY: Boolean,
) {
    UPRIGHT(1, false, false, false),
    MIRRORED(2, false, true, false),
    ROTATED_180(3, false, true, true),
    FLIPPED(4, false, false, true),
    TRANSPOSED(5, true, false, false),
    ROTATED_90(6, true, false, true),
    TRANSVERSE(7, true, true, true),
    ROTATED_270(8, true, true, false);

    companion object {
        /** The orientation of an EXIF number 1…8; cameras write 0 where they do not know. */
        fun ofExif(number: Int): Orientation = entries.firstOrNull { it.exif == number } ?: UPRIGHT

        /** The orientation of a picture that must be turned clockwise by 0, 90, 180 or 270 degrees. */
        fun ofRotation(degrees: Int): Orientation = when (degrees) {
            0 -> UPRIGHT
            90 -> ROTATED_90
            180 -> ROTATED_180
            270 -> ROTATED_270
            else -> throw IllegalArgumentException("rotation $degrees is not 0, 90, 180 or 270")
        }
    }
}

/**
 * The linear part of the map from stored to upright pixels: upright x = a x + b y, upright y = c x + d y,
 * as a, b, c, d. What is left is a shift that puts the picture back at the origin.
 *
 * @param scaleX that the stored picture is scaled by before it is turned.
 * @param scaleY likewise.
 */
fun Orientation.linear(scaleX: Float = 1f, scaleY: Float = 1f): FloatArray {
    val x = if (flipsX) -scaleX else scaleX
    val y = if (flipsY) -scaleY else scaleY
    return if (transposed) floatArrayOf(0f, y, x, 0f) else floatArrayOf(x, 0f, 0f, y)
}
