package dev.decant.demo

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import dev.decant.core.Report
import dev.decant.core.Sidecar
import dev.decant.core.Variant
import dev.decant.core.Verdict
import java.text.NumberFormat

private const val MAX_DIGITS = 6

/** What the model is, how good it is, and what was measured where. */
@Composable
fun AboutModel(model: LoadedModel) {
    SelectionContainer {
        Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
            val sidecar = model.sidecar
            Fact(stringResource(R.string.about_model), sidecar.model)
            if (sidecar.labels.isNotEmpty()) {
                Fact(stringResource(R.string.about_labels), sidecar.labels.joinToString())
            }
            if (!sidecar.hasDecoder) Said(stringResource(R.string.no_decoder))
            Licences(sidecar)
            Heading(stringResource(R.string.about_files))
            for (variant in sidecar.variants) ModelFile(variant, model.report)
            Heading(stringResource(R.string.about_verdict))
            model.report?.let { Text(stringResource(R.string.about_machine, it.machine)) }
            Verdicts(sidecar.verdicts)
        }
    }
}

@Composable
private fun Fact(name: String, vararg values: String) {
    // One stop for a screen reader, not two.
    Column(Modifier.semantics(mergeDescendants = true) {}) {
        Text(name, fontWeight = FontWeight.Bold)
        for (value in values) Text(value)
    }
}

@Composable
private fun Licences(sidecar: Sidecar) {
    val licences = sidecar.licences.map { (part, licence) -> "$part: $licence" }
    if (licences.isEmpty()) return
    Fact(stringResource(R.string.about_licences), *licences.toTypedArray())
}

@Composable
private fun ModelFile(variant: Variant, report: Report?) {
    Fact(
        stringResource(R.string.about_variant, variant.accelerator.name, variant.name),
        stringResource(R.string.about_file, variant.file, variant.sizeBytes),
        stringResource(R.string.about_hash, variant.sha256),
    )
    for (metric in report?.metrics?.get(variant.name).orEmpty()) {
        val drop = metric.drop
        Text(
            if (drop == null) stringResource(R.string.about_metric, metric.name, metric.value)
            else stringResource(R.string.about_metric_drop, metric.name, metric.value, drop),
        )
    }
}

@Composable
private fun Verdicts(verdicts: List<Verdict>) {
    if (verdicts.isEmpty()) Text(stringResource(R.string.about_verdict_none))
    for (verdict in verdicts) {
        val met = when (verdict.met) {
            true -> R.string.about_verdict_met
            false -> R.string.about_verdict_not_met
            null -> R.string.about_verdict_unknown
        }
        Text(
            stringResource(
                R.string.about_verdict_row,
                verdict.subject,
                amount(verdict.limit, verdict.unit),
                verdict.measured?.let { amount(it, verdict.unit) } ?: "–",
                stringResource(met),
            ),
        )
    }
}

private fun amount(value: Double, unit: String): String {
    val number = NumberFormat.getInstance().apply { maximumFractionDigits = MAX_DIGITS }
    return "${number.format(value)} $unit"
}
