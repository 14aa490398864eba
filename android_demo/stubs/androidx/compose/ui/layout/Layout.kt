package androidx.compose.ui.layout

interface ContentScale {
    companion object {
        val Crop: ContentScale get() = error("stub")
        val Fit: ContentScale get() = error("stub")
        val FillHeight: ContentScale get() = error("stub")
        val FillWidth: ContentScale get() = error("stub")
        val Inside: ContentScale get() = error("stub")
        val None: ContentScale get() = error("stub")
        val FillBounds: ContentScale get() = error("stub")
    }
}
