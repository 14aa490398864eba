package androidx.compose.ui.text.input

import androidx.compose.ui.text.AnnotatedString

fun interface VisualTransformation {
    fun filter(text: AnnotatedString): Any
}
