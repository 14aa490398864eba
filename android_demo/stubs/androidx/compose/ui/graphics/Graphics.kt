package androidx.compose.ui.graphics

import android.graphics.Bitmap

class Color(value: Long) {
    fun copy(alpha: Float): Color = error("stub")

    companion object {
        val Black: Color get() = error("stub")
    }
}

class Path {
    fun moveTo(x: Float, y: Float): Unit = error("stub")

    fun lineTo(x: Float, y: Float): Unit = error("stub")

    fun close(): Unit = error("stub")
}

interface ImageBitmap

fun Bitmap.asImageBitmap(): ImageBitmap = error("stub")
