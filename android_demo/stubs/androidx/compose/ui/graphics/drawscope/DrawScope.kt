package androidx.compose.ui.graphics.drawscope

import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.Path
import androidx.compose.ui.unit.Density

class Stroke(width: Float)

interface DrawScope : Density {
    val size: Size

    fun drawPath(path: Path, color: Color, style: Stroke)

    fun drawCircle(color: Color, radius: Float, center: Offset)

    fun drawRect(color: Color, topLeft: Offset, size: Size)
}
