package androidx.compose.ui.unit

class Dp

val Int.dp: Dp get() = error("stub")

interface Density {
    fun Dp.toPx(): Float

    fun Float.toDp(): Dp
}

class IntOffset(val x: Int, val y: Int)

class Constraints {
    val maxWidth: Int get() = error("stub")
    val maxHeight: Int get() = error("stub")
}

class IntSize(val width: Int, val height: Int)
