package androidx.activity.compose

import android.app.Activity
import androidx.activity.ComponentActivity
import androidx.activity.result.ActivityResultLauncher
import androidx.activity.result.contract.ActivityResultContract
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionContext
import androidx.compose.runtime.ProvidableCompositionLocal
import androidx.core.app.ActivityOptionsCompat

fun ComponentActivity.setContent(
    parent: CompositionContext? = null,
    content: @Composable () -> Unit,
): Unit = error("stub")

@Composable
fun BackHandler(enabled: Boolean = true, onBack: () -> Unit): Unit = error("stub")

val LocalActivity: ProvidableCompositionLocal<Activity?> get() = error("stub")

class ManagedActivityResultLauncher<I, O> internal constructor() : ActivityResultLauncher<I>() {
    override fun launch(input: I, options: ActivityOptionsCompat?): Unit = error("stub")
}

@Composable
fun <I, O> rememberLauncherForActivityResult(
    contract: ActivityResultContract<I, O>,
    onResult: (O) -> Unit,
): ManagedActivityResultLauncher<I, O> = error("stub")
