package androidx.compose.ui.layout

interface ContentScale {
    companion object {
        val Crop: ContentScale get() = error("stub")
        val FillBounds: ContentScale get() = error("stub")
    }
}
