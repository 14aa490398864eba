package dev.decant.demo

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp

/** What the model is, how good it is, and what was measured where. */
@Composable
fun AboutScreen(model: LoadedModel) {
    SelectionContainer {
        Column(
            Modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(16.dp),
            Arrangement.spacedBy(8.dp),
        ) {
            val sidecar = model.sidecar
            Fact(stringResource(R.string.about_model), sidecar.model)
            Fact(stringResource(R.string.about_file), sidecar.file)
            Fact(stringResource(R.string.about_hash), sidecar.sha256)
            Fact(
                stringResource(R.string.about_size),
                stringResource(R.string.about_size_bytes, sidecar.sizeBytes),
            )
            Fact(stringResource(R.string.about_labels), sidecar.labels.joinToString())
            Accelerators(model)
            Measurements(model.report)
        }
    }
}

@Composable
private fun Fact(name: String, value: String) {
    // One stop for a screen reader, not two.
    Column(Modifier.semantics(mergeDescendants = true) {}) {
        Text(name, fontWeight = FontWeight.Bold)
        Text(value)
    }
}

@Composable
private fun Accelerators(model: LoadedModel) {
    Heading(stringResource(R.string.about_accelerators))
    Text(stringResource(R.string.about_accelerator_used, model.accelerator.name))
    for ((accelerator, reason) in model.rejections) {
        Text(stringResource(R.string.about_accelerator_rejected, accelerator.name, reason))
    }
}

@Composable
private fun Measurements(report: Report?) {
    Heading(stringResource(R.string.about_verdict))
    if (report == null) {
        Text(stringResource(R.string.about_verdict_none))
        return
    }
    Text(report.machine)
    for (metric in report.metrics) {
        val drop = metric.drop
        Text(
            if (drop == null) stringResource(R.string.about_metric, metric.name, metric.value)
            else stringResource(R.string.about_metric_drop, metric.name, metric.value, drop),
        )
    }
    for (row in report.requirements) {
        val status = when (row.status) {
            "met" -> R.string.about_verdict_met
            "broken" -> R.string.about_verdict_not_met
            else -> R.string.about_verdict_unknown
        }
        Text(
            stringResource(
                R.string.about_verdict_row,
                row.name,
                row.limit,
                row.measured ?: "–",
                stringResource(status),
            ),
        )
    }
}
