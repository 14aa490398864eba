package androidx.compose.ui

interface Modifier {
    companion object : Modifier
}

interface Alignment {
    interface Vertical

    interface Horizontal

    companion object {
        val BottomCenter: Alignment get() = error("stub")
        val Top: Vertical get() = error("stub")
        val Start: Horizontal get() = error("stub")
        val CenterVertically: Vertical get() = error("stub")
        val CenterHorizontally: Horizontal get() = error("stub")
    }
}
