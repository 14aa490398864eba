package androidx.compose.ui.graphics.drawscope

import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.Path
import androidx.compose.ui.unit.Dp

class Stroke(width: Float)

interface DrawScope {
    val size: Size

    fun Dp.toPx(): Float

    fun drawPath(path: Path, color: Color, style: Stroke)

    fun drawRect(color: Color, topLeft: Offset, size: Size)
}
