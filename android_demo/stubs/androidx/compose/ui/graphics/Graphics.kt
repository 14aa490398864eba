package androidx.compose.ui.graphics

import android.graphics.Bitmap
import androidx.compose.ui.geometry.Offset

@JvmInline
value class Color(val value: ULong) {
    val red: Float get() = error("stub")
    val green: Float get() = error("stub")
    val blue: Float get() = error("stub")
    val alpha: Float get() = error("stub")

    fun copy(
        alpha: Float = this.alpha,
        red: Float = this.red,
        green: Float = this.green,
        blue: Float = this.blue,
    ): Color = error("stub")

    companion object {
        val Black: Color get() = error("stub")
        val DarkGray: Color get() = error("stub")
        val Gray: Color get() = error("stub")
        val White: Color get() = error("stub")
        val Red: Color get() = error("stub")
        val Transparent: Color get() = error("stub")
        val Unspecified: Color get() = error("stub")
    }
}

fun Color(red: Float, green: Float, blue: Float, alpha: Float = 1f): Color = error("stub")

fun Color(color: Int): Color = error("stub")

fun Color(color: Long): Color = error("stub")

fun Color(red: Int, green: Int, blue: Int, alpha: Int = 0xFF): Color = error("stub")

fun Color.toArgb(): Int = error("stub")

sealed class Brush

abstract class ColorFilter internal constructor()

class Shadow(
    val color: Color = Color(0xFF000000),
    val offset: Offset = Offset.Zero,
    val blurRadius: Float = 0.0f,
)

interface PathEffect

interface Shape

@JvmInline
value class BlendMode internal constructor(val value: Int)

@JvmInline
value class FilterQuality internal constructor(val value: Int)

@JvmInline
value class StrokeCap internal constructor(private val value: Int) {
    companion object {
        val Butt: StrokeCap get() = error("stub")
        val Round: StrokeCap get() = error("stub")
        val Square: StrokeCap get() = error("stub")
    }
}

@JvmInline
value class StrokeJoin internal constructor(private val value: Int) {
    companion object {
        val Miter: StrokeJoin get() = error("stub")
        val Round: StrokeJoin get() = error("stub")
        val Bevel: StrokeJoin get() = error("stub")
    }
}

interface Path {
    val isEmpty: Boolean

    fun moveTo(x: Float, y: Float)

    fun relativeMoveTo(dx: Float, dy: Float)

    fun lineTo(x: Float, y: Float)

    fun close()

    fun reset()
}

fun Path(): Path = error("stub")

interface ImageBitmap {
    val width: Int
    val height: Int
}

fun Bitmap.asImageBitmap(): ImageBitmap = error("stub")
