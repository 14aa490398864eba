package androidx.compose.ui.input.pointer

import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.unit.Density

enum class PointerEventPass { Initial, Main, Final }

class PointerId

class PointerInputChange {
    val id: PointerId get() = error("stub")
    val position: Offset get() = error("stub")

    fun consume(): Unit = error("stub")
}

interface PointerInputScope : Density

interface AwaitPointerEventScope : Density

fun interface PointerInputEventHandler {
    suspend operator fun PointerInputScope.invoke()
}

fun Modifier.pointerInput(key1: Any?, key2: Any?, block: PointerInputEventHandler): Modifier =
    error("stub")
