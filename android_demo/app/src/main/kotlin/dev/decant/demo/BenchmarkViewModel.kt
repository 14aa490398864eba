package dev.decant.demo

import android.app.Application
import android.net.Uri
import android.os.Build
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.viewModelScope
import dev.decant.core.AppInfo
import dev.decant.core.BenchmarkExport
import dev.decant.core.BenchmarkResult
import dev.decant.core.EngineException
import dev.decant.core.Rung
import dev.decant.core.RungBenchmark
import dev.decant.core.SustainedPlan
import dev.decant.core.SustainedResult
import dev.decant.core.SustainedSample
import dev.decant.core.reporting
import java.io.Serializable
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * What was measured of a bundle.
 *
 * @property sustained the long runs, the latest last.
 */
data class Measured(
    val bundle: String? = null,
    val results: List<BenchmarkResult> = emptyList(),
    val sustained: List<SustainedResult> = emptyList(),
) : Serializable

/** What is being measured now, and the latest sample of a long run. */
data class Running(val rung: Rung, val isLong: Boolean, val sample: SustainedSample? = null)

/** What the benchmark screen shows. */
data class BenchmarkState(
    val measured: Measured = Measured(),
    val running: Running? = null,
    val failure: String? = null,
    val exportFailure: String? = null,
    val exported: Boolean = false,
)

/** Measures on the model's thread; the results survive the death of the process. */
class BenchmarkViewModel(application: Application, private val saved: SavedStateHandle) :
    AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val probe = AndroidProbe(application)
    private val cancelled = AtomicBoolean()
    private val mutableState =
        MutableStateFlow(BenchmarkState(saved.get<Measured>(MEASURED) ?: Measured()))

    val state: StateFlow<BenchmarkState> = mutableState.asStateFlow()
    val plan = SustainedPlan()

    /** Forgets what was measured of another bundle. */
    fun show(bundle: String) {
        if (mutableState.value.measured.bundle != bundle) keep(Measured(bundle))
    }

    fun run(rung: Rung) = measure(Running(rung, isLong = false)) { benchmark ->
        benchmark.measure(rung)?.let { result -> { now: Measured -> now.with(result) } }
    }

    /** Runs for ten minutes, or until it is cancelled. */
    fun runLong(rung: Rung) = measure(Running(rung, isLong = true)) { benchmark ->
        val result = benchmark.sustain(rung, plan) { sample ->
            mutableState.update { it.copy(running = it.running?.copy(sample = sample)) }
        };
        { it.copy(sustained = it.sustained + result) }
    }

    /** A rung's new result takes the place of its old one. */
    private fun Measured.with(result: BenchmarkResult): Measured {
        val others = results
            .filterNot { it.accelerator == result.accelerator && it.threads == result.threads }
        val inOrder = compareBy<BenchmarkResult>({ it.accelerator }, { it.threads ?: 0 })
        return copy(results = (others + result).sortedWith(inOrder))
    }

    /** Ends what is being measured; a long run keeps what it has. */
    fun cancel() = cancelled.set(true)

    /** Does [action] on the model's thread; it tells what to make of what was measured before, if anything. */
    private fun measure(running: Running, action: (RungBenchmark) -> ((Measured) -> Measured)?) {
        if (mutableState.value.running != null) return
        cancelled.set(false)
        mutableState.update { it.copy(running = running, failure = null, exported = false) }
        viewModelScope.launch {
            try {
                reporting({ reason -> mutableState.update { it.copy(failure = reason) } }) {
                    val change = host.withModel { action(it.benchmark(probe, cancelled::get)) }
                    if (change != null) keep(change(mutableState.value.measured))
                }
            } finally {
                mutableState.update { it.copy(running = null) }
            }
        }
    }

    private fun keep(measured: Measured) {
        saved[MEASURED] = measured
        mutableState.update { it.copy(measured = measured) }
    }

    fun export(to: Uri) {
        viewModelScope.launch {
            val failure = reporting<String?>({ it }) {
                // Not on the model's thread, which a long run may keep for ten minutes.
                val model = host.loaded() ?: throw EngineException("the model is being loaded; wait, then try again")
                withContext(Dispatchers.IO) { write(to, text(model)) }
                null
            }
            mutableState.update { it.copy(exportFailure = failure, exported = failure == null) }
        }
    }

    private fun text(model: LoadedModel): String {
        val platform = "Android ${Build.VERSION.RELEASE}"
        val app = AppInfo(BuildConfig.APPLICATION_ID, BuildConfig.VERSION_NAME, platform)
        val measured = mutableState.value.measured
        return BenchmarkExport(model.sidecar, app, thisMachine())
            .write(measured.results, measured.sustained, System.currentTimeMillis())
    }

    private fun write(to: Uri, text: String) =
        getApplication<Application>().contentResolver.writeDocument(to) { it.write(text.toByteArray()) }

    override fun onCleared() = cancel()

    private companion object {
        const val MEASURED = "measured"
    }
}
