package androidx.compose.ui.geometry

class Offset(val x: Float, val y: Float)

class Rect(val left: Float, val top: Float, val right: Float, val bottom: Float) {
    val width: Float get() = error("stub")
    val height: Float get() = error("stub")
}

class Size(val width: Float, val height: Float)
