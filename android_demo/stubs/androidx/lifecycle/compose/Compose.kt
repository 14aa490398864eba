package androidx.lifecycle.compose

import androidx.compose.runtime.Composable
import androidx.compose.runtime.ProvidableCompositionLocal
import androidx.compose.runtime.State
import androidx.lifecycle.LifecycleOwner
import kotlinx.coroutines.flow.StateFlow

val LocalLifecycleOwner: ProvidableCompositionLocal<LifecycleOwner> get() = error("stub")

@Composable
fun <T> StateFlow<T>.collectAsStateWithLifecycle(): State<T> = error("stub")

interface LifecyclePauseOrDisposeEffectResult

class LifecycleResumePauseEffectScope {
    fun onPauseOrDispose(action: () -> Unit): LifecyclePauseOrDisposeEffectResult = error("stub")
}

@Composable
fun LifecycleResumeEffect(
    key1: Any?,
    effects: LifecycleResumePauseEffectScope.() -> LifecyclePauseOrDisposeEffectResult,
): Unit = error("stub")
