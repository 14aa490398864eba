package androidx.compose.runtime

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.reflect.KProperty
import kotlinx.coroutines.CoroutineScope

@MustBeDocumented
@Target(
    AnnotationTarget.FUNCTION,
    AnnotationTarget.TYPE,
    AnnotationTarget.TYPE_PARAMETER,
    AnnotationTarget.PROPERTY_GETTER,
)
annotation class Composable

abstract class CompositionContext internal constructor()

sealed class CompositionLocal<T> {
    val current: T
        @ReadOnlyComposable @Composable get() = error("stub")
}

abstract class ProvidableCompositionLocal<T> internal constructor() : CompositionLocal<T>() {
    infix fun provides(value: T): ProvidedValue<T> = error("stub")
}

class ProvidedValue<T> internal constructor()

@Composable
fun CompositionLocalProvider(value: ProvidedValue<*>, content: @Composable () -> Unit): Unit = error("stub")

@Composable
fun CompositionLocalProvider(
    vararg values: ProvidedValue<*>,
    content: @Composable () -> Unit,
): Unit = error("stub")

interface SnapshotMutationPolicy<T> {
    fun equivalent(a: T, b: T): Boolean
}

fun <T> structuralEqualityPolicy(): SnapshotMutationPolicy<T> = error("stub")

fun <T> referentialEqualityPolicy(): SnapshotMutationPolicy<T> = error("stub")

fun <T> neverEqualPolicy(): SnapshotMutationPolicy<T> = error("stub")

interface State<out T> {
    val value: T
}

interface MutableState<T> : State<T> {
    override var value: T

    operator fun component1(): T

    operator fun component2(): (T) -> Unit
}

interface IntState : State<Int> {
    override val value: Int get() = intValue
    val intValue: Int
}

interface MutableIntState : IntState, MutableState<Int> {
    override var value: Int
        get() = intValue
        set(value) {
            intValue = value
        }
    override var intValue: Int
}

interface FloatState : State<Float> {
    override val value: Float get() = floatValue
    val floatValue: Float
}

interface MutableFloatState : FloatState, MutableState<Float> {
    override var value: Float
        get() = floatValue
        set(value) {
            floatValue = value
        }
    override var floatValue: Float
}

operator fun <T> State<T>.getValue(thisObj: Any?, property: KProperty<*>): T = value

operator fun <T> MutableState<T>.setValue(thisObj: Any?, property: KProperty<*>, value: T) {
    this.value = value
}

operator fun IntState.getValue(thisObj: Any?, property: KProperty<*>): Int = intValue

operator fun MutableIntState.setValue(thisObj: Any?, property: KProperty<*>, value: Int) {
    intValue = value
}

operator fun FloatState.getValue(thisObj: Any?, property: KProperty<*>): Float = floatValue

operator fun MutableFloatState.setValue(thisObj: Any?, property: KProperty<*>, value: Float) {
    floatValue = value
}

fun <T> mutableStateOf(
    value: T,
    policy: SnapshotMutationPolicy<T> = structuralEqualityPolicy(),
): MutableState<T> = error("stub")

fun mutableIntStateOf(value: Int): MutableIntState = error("stub")

fun mutableFloatStateOf(value: Float): MutableFloatState = error("stub")

fun <T> derivedStateOf(calculation: () -> T): State<T> = error("stub")

@Composable
inline fun <T> remember(crossinline calculation: @DisallowComposableCalls () -> T): T = error("stub")

@Composable
inline fun <T> remember(key1: Any?, crossinline calculation: @DisallowComposableCalls () -> T): T =
    error("stub")

@Composable
inline fun <T> remember(
    key1: Any?,
    key2: Any?,
    crossinline calculation: @DisallowComposableCalls () -> T,
): T = error("stub")

@Composable
inline fun <T> remember(
    key1: Any?,
    key2: Any?,
    key3: Any?,
    crossinline calculation: @DisallowComposableCalls () -> T,
): T = error("stub")

@Composable
inline fun <T> remember(
    vararg keys: Any?,
    crossinline calculation: @DisallowComposableCalls () -> T,
): T = error("stub")

@Composable
fun <T> rememberUpdatedState(newValue: T): State<T> = error("stub")

@Composable
inline fun rememberCoroutineScope(
    crossinline getContext: @DisallowComposableCalls () -> CoroutineContext = { EmptyCoroutineContext },
): CoroutineScope = error("stub")

@Composable
inline fun <T> key(vararg keys: Any?, block: @Composable () -> T): T = error("stub")

interface ProduceStateScope<T> : MutableState<T>, CoroutineScope {
    suspend fun awaitDispose(onDispose: () -> Unit): Nothing
}

@Composable
fun <T> produceState(initialValue: T, producer: suspend ProduceStateScope<T>.() -> Unit): State<T> =
    error("stub")

@Composable
fun <T> produceState(
    initialValue: T,
    key1: Any?,
    producer: suspend ProduceStateScope<T>.() -> Unit,
): State<T> = error("stub")

@Composable
fun <T> produceState(
    initialValue: T,
    key1: Any?,
    key2: Any?,
    producer: suspend ProduceStateScope<T>.() -> Unit,
): State<T> = error("stub")

fun interface DisposableEffectResult {
    fun dispose()
}

class DisposableEffectScope {
    inline fun onDispose(crossinline onDisposeEffect: () -> Unit): DisposableEffectResult =
        DisposableEffectResult { onDisposeEffect() }
}

@Composable
fun DisposableEffect(
    key1: Any?,
    effect: DisposableEffectScope.() -> DisposableEffectResult,
): Unit = error("stub")

@Composable
fun DisposableEffect(
    key1: Any?,
    key2: Any?,
    effect: DisposableEffectScope.() -> DisposableEffectResult,
): Unit = error("stub")

@Composable
fun DisposableEffect(
    key1: Any?,
    key2: Any?,
    key3: Any?,
    effect: DisposableEffectScope.() -> DisposableEffectResult,
): Unit = error("stub")

@Composable
fun LaunchedEffect(key1: Any?, block: suspend CoroutineScope.() -> Unit): Unit = error("stub")

@Composable
fun LaunchedEffect(key1: Any?, key2: Any?, block: suspend CoroutineScope.() -> Unit): Unit = error("stub")

@Composable
fun SideEffect(effect: () -> Unit): Unit = error("stub")

suspend fun <R> withFrameNanos(onFrame: (frameTimeNanos: Long) -> R): R = error("stub")
