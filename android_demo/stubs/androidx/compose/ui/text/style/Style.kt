package androidx.compose.ui.text.style

class TextAlign {
    companion object {
        val Center: TextAlign get() = error("stub")
    }
}
