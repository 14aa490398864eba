package androidx.compose.ui.text.font

class FontWeight {
    companion object {
        val Bold: FontWeight get() = error("stub")
    }
}
