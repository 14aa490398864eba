package androidx.compose.ui.text

import androidx.compose.runtime.Composable
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.unit.IntSize

class AnnotatedString

class TextStyle {
    fun copy(color: Color): TextStyle = error("stub")
}

class TextLayoutResult(val size: IntSize)

class TextMeasurer {
    fun measure(text: String, style: TextStyle): TextLayoutResult = error("stub")
}

@Composable
fun rememberTextMeasurer(): TextMeasurer = error("stub")

fun DrawScope.drawText(layout: TextLayoutResult, topLeft: Offset): Unit = error("stub")
