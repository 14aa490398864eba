package androidx.compose.ui

import androidx.compose.ui.unit.IntOffset
import androidx.compose.ui.unit.IntSize
import androidx.compose.ui.unit.LayoutDirection

interface Modifier {
    infix fun then(other: Modifier): Modifier

    companion object : Modifier {
        override fun then(other: Modifier): Modifier = other
    }
}

object AbsoluteAlignment {
    val TopLeft: Alignment get() = error("stub")
    val TopRight: Alignment get() = error("stub")
    val CenterLeft: Alignment get() = error("stub")
    val CenterRight: Alignment get() = error("stub")
    val BottomLeft: Alignment get() = error("stub")
    val BottomRight: Alignment get() = error("stub")
    val Left: Alignment.Horizontal get() = error("stub")
    val Right: Alignment.Horizontal get() = error("stub")
}

fun interface Alignment {
    fun align(size: IntSize, space: IntSize, layoutDirection: LayoutDirection): IntOffset

    fun interface Horizontal {
        fun align(size: Int, space: Int, layoutDirection: LayoutDirection): Int
    }

    fun interface Vertical {
        fun align(size: Int, space: Int): Int
    }

    companion object {
        val TopStart: Alignment get() = error("stub")
        val TopCenter: Alignment get() = error("stub")
        val TopEnd: Alignment get() = error("stub")
        val CenterStart: Alignment get() = error("stub")
        val Center: Alignment get() = error("stub")
        val CenterEnd: Alignment get() = error("stub")
        val BottomStart: Alignment get() = error("stub")
        val BottomCenter: Alignment get() = error("stub")
        val BottomEnd: Alignment get() = error("stub")
        val Top: Vertical get() = error("stub")
        val CenterVertically: Vertical get() = error("stub")
        val Bottom: Vertical get() = error("stub")
        val Start: Horizontal get() = error("stub")
        val CenterHorizontally: Horizontal get() = error("stub")
        val End: Horizontal get() = error("stub")
    }
}
