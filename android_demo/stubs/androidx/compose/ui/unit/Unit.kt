package androidx.compose.ui.unit

class Dp

val Int.dp: Dp get() = error("stub")

class IntSize(val width: Int, val height: Int)
