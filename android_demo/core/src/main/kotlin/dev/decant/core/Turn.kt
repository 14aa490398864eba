package dev.decant.core

/**
 * How far clockwise an upright picture is turned where it is shown.
 *
 * A camera's preview stands as the screen does; what the model sees stands upright by gravity. The two
 * differ as soon as the screen's rotation is locked.
 */
@JvmInline
value class Turn private constructor(val degrees: Int) {
    /** Width and height of a picture of [size] once turned. */
    fun size(size: Pair<Int, Int>): Pair<Int, Int> =
        if (degrees % 180 == 0) size else size.second to size.first

    /** Where a quad of an upright picture of [size] lies in the turned one. */
    fun quad(quad: Quad, size: Pair<Int, Int>): Quad =
        if (degrees == 0) quad else Quad(quad.corners.map { (x, y) -> point(x, y, size) })

    private fun point(x: Float, y: Float, size: Pair<Int, Int>): List<Float> = when (degrees) {
        90 -> listOf(size.second - y, x)
        180 -> listOf(size.first - x, size.second - y)
        else -> listOf(y, size.first - x)
    }

    companion object {
        val NONE = Turn(0)

        /**
         * The turn from the upright picture to the shown one.
         *
         * @param upright degrees by which the stored picture is turned to stand upright.
         * @param shown degrees by which the screen turns it.
         */
        fun between(upright: Int, shown: Int): Turn {
            for (degrees in listOf(upright, shown)) Orientation.ofRotation(degrees)
            return Turn(Math.floorMod(shown - upright, 360))
        }
    }
}
