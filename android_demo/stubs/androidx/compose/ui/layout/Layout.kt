package androidx.compose.ui.layout

interface ContentScale {
    companion object {
        val FillBounds: ContentScale get() = error("stub")
    }
}
