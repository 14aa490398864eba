package androidx.compose.foundation.text

interface TextAutoSize

class KeyboardOptions internal constructor() {
    companion object {
        val Default: KeyboardOptions get() = error("stub")
    }
}

class KeyboardActions internal constructor() {
    companion object {
        val Default: KeyboardActions get() = error("stub")
    }
}
