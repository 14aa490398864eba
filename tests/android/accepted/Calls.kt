package accepted

import android.content.Context
import android.content.res.AssetManager
import android.widget.FrameLayout
import androidx.camera.view.PreviewView
import androidx.compose.runtime.Composable
import androidx.compose.runtime.MutableState
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.neverEqualPolicy
import androidx.compose.runtime.saveable.Saver
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.lifecycle.ViewModel
import androidx.lifecycle.ViewModelProvider
import androidx.lifecycle.ViewModelStoreOwner
import androidx.lifecycle.viewmodel.compose.viewModel
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.Environment
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/** What the libraries take and the stubs once did not, by the number of the difference. */
class Calls {
    // 1
    fun environments(context: Context) = listOf(
        Environment.create(),
        Environment.create(mapOf(Environment.Option.DispatchLibraryDir to "/lib")),
        Environment.create(context, enableCompilerCache = false),
    )

    // 5 and 6
    fun models(assets: AssetManager): List<CompiledModel> {
        val options = CompiledModel.Options(setOf(Accelerator.GPU))
        options.gpuOptions = CompiledModel.GpuOptions(
            precision = CompiledModel.GpuOptions.Precision.FP16,
            serializationDir = "/cache",
            modelCacheKey = "key",
            serializeProgramCache = true,
        )
        options.qualcommOptions = null
        return listOf(
            CompiledModel.create("model.tflite"),
            CompiledModel.create("model.tflite", options),
            CompiledModel.create(assets, "model.tflite"),
        )
    }

    // 13
    fun frame(view: PreviewView): FrameLayout = view

    // 25
    fun wait(rule: ComposeTestRule) = rule.waitUntil("the model is there", 1_000) { true }

    // 33 and 34
    @Composable
    fun Saved(saver: Saver<List<Int>, Any>): MutableState<List<Int>> =
        rememberSaveable(stateSaver = saver) { mutableStateOf(listOf(1), neverEqualPolicy()) }

    // 35
    suspend fun locked(mutex: Mutex): Int = mutex.withLock(owner = this) { 1 }

    // 36
    @Composable
    fun Keyed(owner: ViewModelStoreOwner, factory: ViewModelProvider.Factory): Model =
        viewModel(owner, key = "second", factory = factory)

    class Model : ViewModel()
}
