package dev.decant.demo

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import dev.decant.core.Accelerator
import dev.decant.core.BYTES_PER_MB
import dev.decant.core.BenchmarkResult
import dev.decant.core.Latency
import dev.decant.core.MemoryUse
import dev.decant.core.SustainedResult
import dev.decant.core.SustainedSample
import dev.decant.core.Thermal

private const val MS_PER_SECOND = 1_000.0
private const val SHOWN_SAMPLES = 12

/** Everything that was measured, the moment's figures first. */
@Composable
fun BenchmarkResults(measured: Measured) {
    Column(
        Modifier.semantics { liveRegion = LiveRegionMode.Polite },
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        if (measured.results.isNotEmpty()) Heading(stringResource(R.string.benchmark_result))
        for (result in measured.results) Result(result)
        if (measured.sustained.isNotEmpty()) Heading(stringResource(R.string.benchmark_long))
        for (result in measured.sustained.asReversed()) LongResult(result)
    }
}

@Composable
private fun Result(result: BenchmarkResult) {
    // One stop for a screen reader.
    Column(Modifier.semantics(mergeDescendants = true) {}) {
        Text(name(result.accelerator, result.threads), fontWeight = FontWeight.Bold)
        Times(result.latency)
        Text(stringResource(R.string.benchmark_load, result.loadMs, result.firstRunMs))
        val added = result.after.pssBytes - result.before.pssBytes
        Text(stringResource(R.string.benchmark_added, added.toMegabytes()))
        Memory(result.after)
    }
}

@Composable
private fun Times(time: Latency) {
    Text(stringResource(R.string.benchmark_times, time.median, time.p90, time.p99, time.n))
}

@Composable
private fun Memory(memory: MemoryUse) {
    Text(
        stringResource(
            R.string.benchmark_memory,
            memory.pssBytes.toMegabytes(),
            memory.nativeHeapBytes.toMegabytes(),
        ),
    )
}

@Composable
private fun LongResult(result: SustainedResult) {
    Column {
        Text(name(result.accelerator, result.threads), fontWeight = FontWeight.Bold)
        val failure = result.failure
        Text(
            when {
                failure != null -> stringResource(R.string.benchmark_long_failed, failure)
                result.isWhole -> stringResource(R.string.benchmark_long_whole)
                else -> stringResource(R.string.benchmark_long_cancelled)
            },
        )
        result.slowdown?.let { Text(stringResource(R.string.benchmark_slowdown, it)) }
        for (sample in spread(result.samples)) SampleRow(sample)
    }
}

/** A dozen samples from the first to the last; the export has all. */
private fun spread(samples: List<SustainedSample>): List<SustainedSample> {
    if (samples.size <= SHOWN_SAMPLES) return samples
    return List(SHOWN_SAMPLES) { samples[it * (samples.size - 1) / (SHOWN_SAMPLES - 1)] }
}

/** How a long run was going at a time. */
@Composable
fun SampleRow(sample: SustainedSample) {
    val seconds = sample.elapsedMs / MS_PER_SECOND
    val heat = sample.thermal?.let { stringResource(words(it)) }
    Text(
        if (heat == null) stringResource(R.string.benchmark_sample, seconds, sample.latency.median)
        else stringResource(R.string.benchmark_sample_heat, seconds, sample.latency.median, heat),
        style = MaterialTheme.typography.bodySmall,
    )
}

private fun words(heat: Thermal): Int = when (heat) {
    Thermal.NONE -> R.string.thermal_none
    Thermal.LIGHT -> R.string.thermal_light
    Thermal.MODERATE -> R.string.thermal_moderate
    Thermal.SEVERE -> R.string.thermal_severe
    Thermal.CRITICAL -> R.string.thermal_critical
    Thermal.EMERGENCY -> R.string.thermal_emergency
    Thermal.SHUTDOWN -> R.string.thermal_shutdown
}

private fun name(accelerator: Accelerator, threads: Int?) =
    if (threads == null) "$accelerator" else "$accelerator × $threads"

private fun Long.toMegabytes(): Double = this / BYTES_PER_MB.toDouble()
