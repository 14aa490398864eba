package dev.decant.demo

import android.app.Application
import android.net.Uri
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.viewModelScope
import dev.decant.core.Accelerator
import dev.decant.core.reporting
import java.io.IOException
import java.io.Serializable
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * The times of one setting on this device, in milliseconds.
 *
 * @property threads of the CPU; null where the accelerator has none to set.
 */
data class BenchmarkRow(
    val accelerator: String,
    val threads: Int?,
    val median: Double,
    val p90: Double,
    val n: Int,
) : Serializable

/** What the benchmark screen shows. */
data class BenchmarkState(
    val rows: List<BenchmarkRow> = emptyList(),
    val running: Boolean = false,
    val failure: String? = null,
    val exportFailure: String? = null,
    val exported: Boolean = false,
)

/** Measures on the model's thread; the results survive the death of the process. */
class BenchmarkViewModel(application: Application, private val saved: SavedStateHandle) :
    AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val mutableState =
        MutableStateFlow(BenchmarkState(saved.get<ArrayList<BenchmarkRow>>(ROWS).orEmpty()))

    val state: StateFlow<BenchmarkState> = mutableState.asStateFlow()

    fun run(accelerator: Accelerator, threads: Int) {
        viewModelScope.launch {
            mutableState.update { it.copy(running = true, failure = null, exported = false) }
            try {
                reporting({ reason -> mutableState.update { it.copy(failure = reason) } }) {
                    keep(host.withModel { it.benchmark(accelerator, threads) })
                }
            } finally {
                mutableState.update { it.copy(running = false) }
            }
        }
    }

    private fun keep(row: BenchmarkRow) {
        val others = mutableState.value.rows
            .filterNot { it.accelerator == row.accelerator && it.threads == row.threads }
        val rows = (others + row).sortedWith(compareBy({ it.accelerator }, { it.threads ?: 0 }))
        saved[ROWS] = ArrayList(rows)
        mutableState.update { it.copy(rows = rows) }
    }

    fun export(to: Uri) {
        viewModelScope.launch {
            val failure = reporting<String?>({ it }) {
                val text = host.withModel { benchmarkJson(it.sidecar, mutableState.value.rows) }
                withContext(Dispatchers.IO) { write(to, text) }
                null
            }
            mutableState.update { it.copy(exportFailure = failure, exported = failure == null) }
        }
    }

    private fun write(to: Uri, text: String) {
        val stream = getApplication<Application>().contentResolver.openOutputStream(to, "wt")
            ?: throw IOException("$to: cannot be opened for writing")
        stream.bufferedWriter().use { it.write(text) }
    }

    private companion object {
        const val ROWS = "rows"
    }
}
