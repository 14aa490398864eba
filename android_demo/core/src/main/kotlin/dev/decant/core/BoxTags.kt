package dev.decant.core

/** Width and height of something drawn, in pixels. */
data class Extent(val width: Float, val height: Float)

/** How thick and how large boxes and their tags are drawn on a whole picture, in its pixels. */
data class AnnotationStyle(val line: Float, val text: Float) {
    companion object {
        private const val LINES = 300f
        private const val TEXTS = 36f

        /** To be seen as well on a large picture as on a small one, when either is shown on a screen. */
        fun of(width: Int, height: Int): AnnotationStyle {
            val longer = maxOf(width, height)
            return AnnotationStyle(maxOf(2f, longer / LINES), maxOf(12f, longer / TEXTS))
        }
    }
}

/** Where the tag of a box is drawn: over its highest corner, but inside the picture. */
fun tagPlace(corners: List<Point>, tag: Extent, picture: Extent): Point {
    val at = corners.minBy { it.y }
    val room = (picture.width - tag.width).coerceAtLeast(0f)
    return Point(at.x.coerceIn(0f, room), (at.y - tag.height).coerceAtLeast(0f))
}
