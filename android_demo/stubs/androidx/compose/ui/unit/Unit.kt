package androidx.compose.ui.unit

enum class LayoutDirection { Ltr, Rtl }

@JvmInline
value class Dp(val value: Float) : Comparable<Dp> {
    operator fun plus(other: Dp): Dp = error("stub")

    operator fun minus(other: Dp): Dp = error("stub")

    operator fun unaryMinus(): Dp = error("stub")

    operator fun times(other: Float): Dp = error("stub")

    operator fun times(other: Int): Dp = error("stub")

    operator fun div(other: Float): Dp = error("stub")

    override fun compareTo(other: Dp): Int = error("stub")
}

inline val Int.dp: Dp get() = Dp(value = this.toFloat())

inline val Double.dp: Dp get() = Dp(value = this.toFloat())

inline val Float.dp: Dp get() = Dp(value = this)

@JvmInline
value class DpSize internal constructor(val packedValue: Long) {
    val width: Dp get() = error("stub")
    val height: Dp get() = error("stub")
}

fun DpSize(width: Dp, height: Dp): DpSize = error("stub")

@JvmInline
value class TextUnit internal constructor(internal val packedValue: Long) {
    companion object {
        val Unspecified: TextUnit get() = error("stub")
    }
}

val Int.sp: TextUnit get() = error("stub")

val Float.sp: TextUnit get() = error("stub")

interface Density {
    val density: Float
    val fontScale: Float

    fun Dp.toPx(): Float = error("stub")

    fun Dp.roundToPx(): Int = error("stub")

    fun TextUnit.toPx(): Float = error("stub")

    fun Int.toDp(): Dp = error("stub")

    fun Float.toDp(): Dp = error("stub")
}

@JvmInline
value class IntOffset(val packedValue: Long) {
    val x: Int get() = error("stub")
    val y: Int get() = error("stub")

    operator fun component1(): Int = x

    operator fun component2(): Int = y

    companion object {
        val Zero: IntOffset get() = error("stub")
    }
}

fun IntOffset(x: Int, y: Int): IntOffset = error("stub")

@JvmInline
value class IntSize internal constructor(internal val packedValue: Long) {
    val width: Int get() = error("stub")
    val height: Int get() = error("stub")

    operator fun component1(): Int = width

    operator fun component2(): Int = height
}

fun IntSize(width: Int, height: Int): IntSize = error("stub")

@JvmInline
value class Constraints internal constructor(internal val value: Long) {
    val minWidth: Int get() = error("stub")
    val maxWidth: Int get() = error("stub")
    val minHeight: Int get() = error("stub")
    val maxHeight: Int get() = error("stub")
    val hasBoundedWidth: Boolean get() = error("stub")
    val hasBoundedHeight: Boolean get() = error("stub")
}
