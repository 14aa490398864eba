package dev.decant.demo

import android.app.Application
import android.os.Build
import com.google.ai.edge.litert.Environment
import com.google.ai.edge.litert.LiteRtException
import dev.decant.core.EngineException
import dev.decant.core.InstalledBundle
import dev.decant.core.LadderMemory
import dev.decant.core.ProgramCache
import dev.decant.core.RungChoice
import dev.decant.core.RungResult
import dev.decant.core.reporting
import java.io.File
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/** How far the model is. */
sealed interface ModelState {
    /** @property measured what measuring gave until now; empty where it was done before. */
    data class Loading(val measured: List<RungResult> = emptyList()) : ModelState

    /** The app was built without one, and none was imported. */
    data object Missing : ModelState

    data class Failed(val reason: String) : ModelState

    data class Ready(val model: LoadedModel) : ModelState
}

/** Holds the model, on the one thread that may touch it. */
class ModelHost(private val application: Application, private val bundles: BundleStore) {
    /** The model's thread: it runs camera frames, photos and benchmarks one after the other. */
    val executor: ExecutorService = Executors.newSingleThreadExecutor { Thread(it, "model") }

    private val dispatcher = executor.asCoroutineDispatcher()
    private val settings = ModelSettings(application)
    private val loading = Mutex()
    private var users = 0
    private val mutableState = MutableStateFlow<ModelState>(ModelState.Loading())
    private val mutableLadder = MutableStateFlow<LadderState?>(null)

    val state: StateFlow<ModelState> = mutableState.asStateFlow()

    /** The ways to run the model; null until they are known. */
    val ladder: StateFlow<LadderState?> = mutableLadder.asStateFlow()

    /** The score from which on the user wants to see boxes; null for the sidecar's, as for every other model. */
    val threshold = MutableStateFlow<Double?>(null)

    /** Which model was opened last. */
    private var opened: String? = null

    private val mutableChoice = MutableStateFlow(settings.choice)

    /** Which rung the user wants. */
    val choice: StateFlow<RungChoice> = mutableChoice.asStateFlow()

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
        withContext(dispatcher) { if (loaded() == null) loadAnew() }
    }

    /** Closes the model, if there is one, and opens the bundle that is chosen now. */
    suspend fun reload() = loading.withLock {
        withContext(dispatcher) {
            close()
            loadAnew()
        }
    }

    /** Runs the model as the user wants it. */
    suspend fun choose(choice: RungChoice) {
        settings.choice = choice
        mutableChoice.value = choice
        reload()
    }

    /** Forgets what was measured, and measures again. */
    suspend fun measureAgain() {
        bundles.state.value.chosen?.let { memory(it.id).forget() }
        reload()
    }

    /** Runs an action on the model's thread, once the model is ready. */
    suspend fun <T> withModel(action: (LoadedModel) -> T): T {
        while (true) {
            state.first { it is ModelState.Ready }
            // While this waited for the thread the model may have been closed, to be opened as another one.
            val done = withContext(dispatcher) { loaded()?.let { Done(action(it)) } }
            if (done != null) return done.result
        }
    }

    private class Done<T>(val result: T)

    /**
     * Releases the model after what its thread has still to do, unless it was retained once more: an
     * activity may open before the last one is gone. On the main thread.
     */
    fun release() {
        users--
        if (users == 0) {
            executor.execute {
                close()
                threshold.value = null
            }
        }
    }

    private fun close() {
        val model = loaded()
        mutableState.value = ModelState.Loading()
        mutableLadder.value = null
        model?.close()
    }

    private suspend fun loadAnew() {
        mutableState.value = ModelState.Loading()
        mutableState.value = reporting(ModelState::Failed) { open() }
    }

    private suspend fun open(): ModelState {
        val bundle = bundles.open() ?: return ModelState.Missing
        if (bundle.id != opened) threshold.value = null
        opened = bundle.id
        val environment = openRuntime()
        return closingOnFailure(environment) {
            val model = LoadedModel.open(bundle, environment, opening(bundle))
            mutableLadder.value = model.ladderState
            ModelState.Ready(model)
        }
    }

    private fun opening(bundle: InstalledBundle): Opening {
        val app = "${BuildConfig.APPLICATION_ID} ${BuildConfig.VERSION_NAME}"
        val system = Build.FINGERPRINT
        val programs = ProgramCache(File(application.cacheDir, "programs"), "$app\n$system")
        forgetDeleted(programs)
        return Opening(
            memory(bundle.id),
            LadderMemory.key(bundle.id, app, system),
            choice.value,
            programs,
            onResult = { result -> mutableState.update { it.with(result) } },
            onFall = { mutableLadder.value = it },
        )
    }

    /** What was compiled for models that are gone, and measured of them, is of no use. */
    private fun forgetDeleted(programs: ProgramCache) {
        val installed = bundles.state.value.all
        programs.keepOnly(installed.flatMap { it.sidecar.variants }.map { it.sha256 })
        val kept = installed.flatMap { memory(it.id).files }
        memories.listFiles().orEmpty().filter { it !in kept }.forEach { it.delete() }
    }

    private fun ModelState.with(result: RungResult): ModelState =
        if (this is ModelState.Loading) copy(measured = measured + result) else this

    private val memories get() = File(application.noBackupFilesDir, "ladder")

    private fun memory(bundle: String) = LadderMemory(File(memories, "$bundle.json"))

    private suspend fun openRuntime(): Environment = try {
        openEnvironment(application)
    } catch (error: LiteRtException) {
        throw EngineException("cannot start LiteRT: ${error.message}", error)
    } catch (error: LinkageError) {
        throw EngineException("LiteRT has no library for this processor: ${error.message}", error)
    }
}
