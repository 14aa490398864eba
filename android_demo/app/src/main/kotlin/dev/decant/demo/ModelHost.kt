package dev.decant.demo

import android.app.Application
import com.google.ai.edge.litert.Environment
import com.google.ai.edge.litert.LiteRtException
import dev.decant.core.EngineException
import dev.decant.core.Report
import dev.decant.core.reporting
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/** How far the model is. */
sealed interface ModelState {
    data object Loading : ModelState

    /** The app was built without one. */
    data object Missing : ModelState

    data class Failed(val reason: String) : ModelState

    data class Ready(val model: LoadedModel) : ModelState
}

/** Holds the model, on the one thread that may touch it. */
class ModelHost(private val application: Application) {
    /** The model's thread: it runs camera frames, photos and benchmarks one after the other. */
    val executor: ExecutorService = Executors.newSingleThreadExecutor { Thread(it, "model") }

    private val dispatcher = executor.asCoroutineDispatcher()
    private val loading = Mutex()
    private var users = 0
    private val mutableState = MutableStateFlow<ModelState>(ModelState.Loading)

    val state: StateFlow<ModelState> = mutableState.asStateFlow()

    /** The model once it is ready. */
    fun loaded(): LoadedModel? = (state.value as? ModelState.Ready)?.model

    /** Says that the model is needed until [release]; on the main thread. */
    fun retain() {
        users++
    }

    /** Loads the model unless it is there. */
    suspend fun load() = loading.withLock {
        // Looked at and stored on the model's thread: a release that waits there comes first, and one
        // that comes meanwhile finds the model.
        withContext(dispatcher) {
            if (loaded() == null) {
                mutableState.value = ModelState.Loading
                mutableState.value = tryToOpen()
            }
        }
    }

    /** Runs an action on the model's thread, once the model is ready. */
    suspend fun <T> withModel(action: (LoadedModel) -> T): T {
        state.first { it is ModelState.Ready }
        return withContext(dispatcher) {
            action(loaded() ?: throw EngineException("the model was released; open the app again"))
        }
    }

    /**
     * Releases the model after what its thread has still to do, unless it was retained once more: an
     * activity may open before the last one is gone. On the main thread.
     */
    fun release() {
        users--
        if (users > 0) return
        executor.execute {
            val model = loaded()
            mutableState.value = ModelState.Loading
            model?.close()
        }
    }

    private suspend fun tryToOpen(): ModelState = reporting(ModelState::Failed) { open() }

    private suspend fun open(): ModelState {
        val files = ModelFiles(application)
        val sidecar = files.text(SIDECAR) ?: return ModelState.Missing
        val report = files.text(REPORT)?.let(Report::read)
        val environment = openRuntime()
        return closingOnFailure(environment) {
            ModelState.Ready(LoadedModel.open(sidecar, files.unpack(), environment, report))
        }
    }

    private suspend fun openRuntime(): Environment = try {
        openEnvironment(application)
    } catch (error: LiteRtException) {
        throw EngineException("cannot start LiteRT: ${error.message}", error)
    } catch (error: LinkageError) {
        throw EngineException("LiteRT has no library for this processor: ${error.message}", error)
    }

    private companion object {
        const val SIDECAR = "model.json"
        const val REPORT = "report.json"
    }
}
