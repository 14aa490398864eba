package androidx.compose.ui.text.font

class FontWeight(val weight: Int) {
    companion object {
        val Normal: FontWeight get() = error("stub")
        val Medium: FontWeight get() = error("stub")
        val SemiBold: FontWeight get() = error("stub")
        val Bold: FontWeight get() = error("stub")
    }
}

@JvmInline
value class FontStyle(val value: Int) {
    companion object {
        val Normal: FontStyle get() = error("stub")
        val Italic: FontStyle get() = error("stub")
    }
}

@JvmInline
value class FontSynthesis internal constructor(internal val value: Int)

sealed class FontFamily {
    sealed interface Resolver

    companion object {
        val Monospace: FontFamily get() = error("stub")
    }
}
