package dev.decant.demo

import androidx.activity.compose.LocalActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.CreateDocument
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.LifecycleStartEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import dev.decant.core.Rung

/** Times the model by accelerator and threads, in a moment or over ten minutes, and exports the times. */
@Composable
fun BenchmarkScreen(model: LoadedModel, benchmark: BenchmarkViewModel = viewModel()) {
    val state by benchmark.state.collectAsStateWithLifecycle()
    val activity = LocalActivity.current
    var chosen by rememberSaveable(model.bundle.id) { mutableIntStateOf(0) }
    LaunchedEffect(model) { benchmark.show(model.bundle.id) }
    KeepScreenOn()
    // What is measured in the background says nothing, and would keep the camera waiting.
    LifecycleStartEffect(benchmark) {
        onStopOrDispose { if (activity?.isChangingConfigurations != true) benchmark.cancel() }
    }
    Column(
        Modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(16.dp),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        val rung = model.rungs.getOrElse(chosen) { model.rungs.first() }
        Heading(stringResource(R.string.benchmark_accelerator))
        Choices(model.rungs, rung, { it.toString() }) { chosen = model.rungs.indexOf(it) }
        val running = state.running
        if (running == null) Buttons(rung, benchmark) else Progress(running, benchmark)
        Failure(R.string.benchmark_failed_title, state.failure)
        BenchmarkResults(state.measured)
        Export(state, model.sidecar.model, benchmark)
    }
}

@Composable
private fun Buttons(rung: Rung, benchmark: BenchmarkViewModel) {
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
        Button({ benchmark.run(rung) }) { Text(stringResource(R.string.benchmark_run)) }
        OutlinedButton({ benchmark.runLong(rung) }) {
            Text(stringResource(R.string.benchmark_run_long))
        }
    }
}

/** What is being measured, how far it is, and the way out. */
@Composable
private fun Progress(running: Running, benchmark: BenchmarkViewModel) {
    Said(stringResource(R.string.benchmark_running, running.rung.toString()))
    val sample = running.sample
    if (running.isLong) {
        val share = (sample?.elapsedMs ?: 0.0) / benchmark.plan.durationMs
        LinearProgressIndicator({ share.toFloat() }, modifier = Modifier.fillMaxWidth())
    } else {
        LinearProgressIndicator(Modifier.fillMaxWidth())
    }
    if (sample != null) SampleRow(sample)
    OutlinedButton(benchmark::cancel) { Text(stringResource(R.string.cancel)) }
}

@Composable
private fun Export(state: BenchmarkState, model: String, benchmark: BenchmarkViewModel) {
    val unable = rememberUnable()
    val create = rememberLauncherForActivityResult(CreateDocument("application/json")) { uri ->
        if (uri != null) benchmark.export(uri)
    }
    val measured = state.measured
    if (measured.results.isEmpty() && measured.sustained.isEmpty()) return
    OutlinedButton({ unable.unlessThereIsNoApp { create.launch("$model-benchmark.json") } }) {
        Text(stringResource(R.string.benchmark_export))
    }
    unable.Message()
    if (state.exported) Said(stringResource(R.string.benchmark_exported))
    Failure(R.string.benchmark_export_failed_title, state.exportFailure)
}
