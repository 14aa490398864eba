package androidx.compose.ui.input.pointer

import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.unit.Density
import androidx.compose.ui.unit.IntSize

enum class PointerEventPass { Initial, Main, Final }

@JvmInline
value class PointerId(val value: Long)

class PointerInputChange internal constructor() {
    val id: PointerId get() = error("stub")
    val uptimeMillis: Long get() = error("stub")
    val position: Offset get() = error("stub")
    val pressed: Boolean get() = error("stub")
    val isConsumed: Boolean get() = error("stub")

    fun consume(): Unit = error("stub")
}

interface PointerInputScope : Density {
    val size: IntSize

    suspend fun <R> awaitPointerEventScope(block: suspend AwaitPointerEventScope.() -> R): R
}

@kotlin.coroutines.RestrictsSuspension
interface AwaitPointerEventScope : Density {
    val size: IntSize
}

fun interface PointerInputEventHandler {
    suspend operator fun PointerInputScope.invoke()
}

fun Modifier.pointerInput(key1: Any?, block: PointerInputEventHandler): Modifier = error("stub")

fun Modifier.pointerInput(key1: Any?, key2: Any?, block: PointerInputEventHandler): Modifier = error("stub")

fun Modifier.pointerInput(vararg keys: Any?, block: PointerInputEventHandler): Modifier = error("stub")
