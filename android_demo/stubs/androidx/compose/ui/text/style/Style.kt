package androidx.compose.ui.text.style

@JvmInline
value class TextAlign private constructor(internal val value: Int) {
    companion object {
        val Left: TextAlign get() = error("stub")
        val Right: TextAlign get() = error("stub")
        val Center: TextAlign get() = error("stub")
        val Justify: TextAlign get() = error("stub")
        val Start: TextAlign get() = error("stub")
        val End: TextAlign get() = error("stub")
        val Unspecified: TextAlign get() = error("stub")
    }
}

@JvmInline
value class TextOverflow private constructor(internal val value: Int) {
    companion object {
        val Clip: TextOverflow get() = error("stub")
        val Ellipsis: TextOverflow get() = error("stub")
        val Visible: TextOverflow get() = error("stub")
    }
}

class TextDecoration internal constructor()

class TextGeometricTransform internal constructor()

class TextIndent internal constructor()

class LineHeightStyle internal constructor()

class TextMotion internal constructor()

@JvmInline
value class BaselineShift(val multiplier: Float)

@JvmInline
value class TextDirection private constructor(internal val value: Int)

@JvmInline
value class LineBreak private constructor(internal val mask: Int)

@JvmInline
value class Hyphens private constructor(internal val value: Int)
