package dev.decant.demo

import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.CreateDocument
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import dev.decant.core.Accelerator

private val THREADS = listOf(1, 2, 4)

/** Times the model by accelerator and threads, and exports the times. */
@Composable
fun BenchmarkScreen(model: LoadedModel, benchmark: BenchmarkViewModel = viewModel()) {
    val state by benchmark.state.collectAsStateWithLifecycle()
    var accelerator by rememberSaveable { mutableStateOf(model.accelerator) }
    var threads by rememberSaveable { mutableIntStateOf(1) }
    Column(
        modifier = Modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(16.dp),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        Heading(stringResource(R.string.benchmark_accelerator))
        Choices(model.accelerators, accelerator, { it.name }) { accelerator = it }
        if (accelerator == Accelerator.CPU) {
            Heading(stringResource(R.string.benchmark_threads))
            Choices(THREADS, threads, { it.toString() }) { threads = it }
        }
        Button({ benchmark.run(accelerator, threads) }, enabled = !state.running) {
            val label = if (state.running) R.string.benchmark_running else R.string.benchmark_run
            Text(stringResource(label))
        }
        Failure(R.string.benchmark_failed_title, state.failure)
        Results(state)
        if (state.rows.isNotEmpty()) Export(state, model.sidecar.model, benchmark)
    }
}

@Composable
private fun Results(state: BenchmarkState) {
    if (state.rows.isEmpty()) return
    Heading(stringResource(R.string.benchmark_result))
    Column(
        modifier = Modifier.semantics { liveRegion = LiveRegionMode.Polite },
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        for (row in state.rows) {
            Column {
                val threads = row.threads?.let { " × $it" }.orEmpty()
                Text(row.accelerator + threads, fontWeight = FontWeight.Bold)
                Text(stringResource(R.string.benchmark_median, row.median))
                Text(stringResource(R.string.benchmark_p90, row.p90))
                Text(stringResource(R.string.benchmark_runs, row.n))
            }
        }
    }
}

@Composable
private fun Export(state: BenchmarkState, model: String, benchmark: BenchmarkViewModel) {
    val create = rememberLauncherForActivityResult(CreateDocument("application/json")) { uri ->
        if (uri != null) benchmark.export(uri)
    }
    OutlinedButton({ create.launch("$model-benchmark.json") }) {
        Text(stringResource(R.string.benchmark_export))
    }
    if (state.exported) Text(stringResource(R.string.benchmark_exported))
    Failure(R.string.benchmark_export_failed_title, state.exportFailure)
}
