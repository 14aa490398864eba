package dev.decant.demo

import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import dev.decant.core.Accelerator
import dev.decant.core.RungChoice
import dev.decant.core.RungResult

/** What the model can be run on, how fast each is or why it was refused, and which one is to be used. */
@Composable
fun Accelerators(model: ModelViewModel) {
    val ladder by model.ladder.collectAsStateWithLifecycle()
    val choice by model.choice.collectAsStateWithLifecycle()
    val now = ladder ?: return
    Heading(stringResource(R.string.about_accelerators))
    Choice(now, choice, model::choose)
    Said(stringResource(R.string.about_accelerator_used, now.inUse.toString()))
    for ((from, reason) in now.falls) {
        Text(
            stringResource(R.string.rung_fell, from.toString(), reason, now.inUse.toString()),
            color = MaterialTheme.colorScheme.error,
        )
    }
    for (result in now.results) Text(rungResult(result))
    OutlinedButton(model::measureAgain) { Text(stringResource(R.string.rung_measure_again)) }
}

@Composable
private fun Choice(ladder: LadderState, choice: RungChoice, onChoice: (RungChoice) -> Unit) {
    val rungs = ladder.results.map { it.rung }
    val automatic = stringResource(R.string.rung_automatic)
    val accelerators = listOf(null) + rungs.map { it.accelerator }.distinct()
    Choices(accelerators, choice.accelerator, { it?.name ?: automatic }) { onChoice(RungChoice(it)) }
    if (choice.accelerator != Accelerator.CPU) return
    Heading(stringResource(R.string.benchmark_threads))
    val threads = listOf(null) + rungs.mapNotNull { it.threads }
    Choices(threads, choice.threads, { it?.toString() ?: automatic }) {
        onChoice(choice.copy(threads = it))
    }
}

/** What came of measuring a rung, in words. */
@Composable
fun rungResult(result: RungResult): String {
    val name = result.rung.toString()
    val time = result.latency
    return if (time == null) stringResource(R.string.about_accelerator_rejected, name, result.refusal.orEmpty())
    else stringResource(R.string.rung_time, name, time.median, time.p90)
}
