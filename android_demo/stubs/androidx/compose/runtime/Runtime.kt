package androidx.compose.runtime

import kotlin.reflect.KProperty
import kotlinx.coroutines.CoroutineScope

@Target(
    AnnotationTarget.FUNCTION,
    AnnotationTarget.TYPE,
    AnnotationTarget.TYPE_PARAMETER,
    AnnotationTarget.PROPERTY_GETTER,
)
annotation class Composable

class ProvidableCompositionLocal<T> {
    val current: T
        @Composable get() = error("stub")
}

interface State<out T> {
    val value: T
}

interface MutableState<T> : State<T> {
    override var value: T
}

interface MutableIntState : MutableState<Int>

operator fun <T> State<T>.getValue(owner: Any?, property: KProperty<*>): T = value

operator fun <T> MutableState<T>.setValue(owner: Any?, property: KProperty<*>, value: T) {
    this.value = value
}

fun <T> mutableStateOf(value: T): MutableState<T> = error("stub")

fun mutableIntStateOf(value: Int): MutableIntState = error("stub")

@Composable
inline fun <T> remember(crossinline calculation: @DisallowComposableCalls () -> T): T = error("stub")

@Composable
inline fun <T> remember(key1: Any?, crossinline calculation: @DisallowComposableCalls () -> T): T = error("stub")

@Composable
inline fun <T> remember(key1: Any?, key2: Any?, crossinline calculation: @DisallowComposableCalls () -> T): T = error("stub")

@Composable
inline fun <T> remember(key1: Any?, key2: Any?, key3: Any?, crossinline calculation: @DisallowComposableCalls () -> T): T = error("stub")

@Composable
inline fun <T> remember(vararg keys: Any?, crossinline calculation: @DisallowComposableCalls () -> T): T = error("stub")

@Composable
inline fun <T> key(vararg keys: Any?, block: @Composable () -> T): T = error("stub")

interface ProduceStateScope<T> : MutableState<T>, CoroutineScope

@Composable
fun <T> produceState(
    initialValue: T,
    key1: Any?,
    producer: suspend ProduceStateScope<T>.() -> Unit,
): State<T> = error("stub")

interface DisposableEffectResult

class DisposableEffectScope {
    fun onDispose(action: () -> Unit): DisposableEffectResult = error("stub")
}

@Composable
fun DisposableEffect(
    key1: Any?,
    key2: Any?,
    effect: DisposableEffectScope.() -> DisposableEffectResult,
): Unit = error("stub")

@Composable
fun LaunchedEffect(key1: Any?, block: suspend CoroutineScope.() -> Unit): Unit = error("stub")

suspend fun <R> withFrameNanos(onFrame: (Long) -> R): R = error("stub")
