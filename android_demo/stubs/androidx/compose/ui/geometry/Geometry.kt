package androidx.compose.ui.geometry

@JvmInline
value class Offset(val packedValue: Long) {
    val x: Float get() = error("stub")
    val y: Float get() = error("stub")

    operator fun component1(): Float = x

    operator fun component2(): Float = y

    fun copy(x: Float = this.x, y: Float = this.y): Offset = error("stub")

    fun getDistance(): Float = error("stub")

    operator fun unaryMinus(): Offset = error("stub")

    operator fun minus(other: Offset): Offset = error("stub")

    operator fun plus(other: Offset): Offset = error("stub")

    operator fun times(operand: Float): Offset = error("stub")

    operator fun div(operand: Float): Offset = error("stub")

    companion object {
        val Zero: Offset get() = error("stub")
        val Infinite: Offset get() = error("stub")
        val Unspecified: Offset get() = error("stub")
    }
}

fun Offset(x: Float, y: Float): Offset = error("stub")

@JvmInline
value class Size(val packedValue: Long) {
    val width: Float get() = error("stub")
    val height: Float get() = error("stub")
    val minDimension: Float get() = error("stub")
    val maxDimension: Float get() = error("stub")

    operator fun component1(): Float = width

    operator fun component2(): Float = height

    fun copy(width: Float = this.width, height: Float = this.height): Size = error("stub")

    fun isEmpty(): Boolean = error("stub")

    operator fun times(operand: Float): Size = error("stub")

    operator fun div(operand: Float): Size = error("stub")

    companion object {
        val Zero: Size get() = error("stub")
        val Unspecified: Size get() = error("stub")
    }
}

fun Size(width: Float, height: Float): Size = error("stub")

data class Rect(val left: Float, val top: Float, val right: Float, val bottom: Float) {
    val width: Float get() = error("stub")
    val height: Float get() = error("stub")
    val center: Offset get() = error("stub")

    fun contains(offset: Offset): Boolean = error("stub")
}
