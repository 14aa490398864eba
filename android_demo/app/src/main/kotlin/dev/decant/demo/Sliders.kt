package dev.decant.demo

import androidx.compose.foundation.layout.Column
import androidx.compose.material3.Slider
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import dev.decant.core.thresholds

/** A slider under the words that tell what it is set to. */
@Composable
fun LabelledSlider(
    label: String,
    value: Float,
    onChange: (Float) -> Unit,
    range: ClosedFloatingPointRange<Float> = 0f..1f,
    onChanged: () -> Unit = {},
) {
    Column {
        // The slider says the same to a screen reader.
        Text(label, modifier = Modifier.clearAndSetSemantics {})
        Slider(
            value,
            onValueChange = onChange,
            modifier = Modifier.semantics { contentDescription = label },
            valueRange = range,
            onValueChangeFinished = onChanged,
        )
    }
}

/**
 * From which score on boxes are shown; what is shown is what can be corrected and kept.
 *
 * @param chosen what the user has set; null for the sidecar's.
 * @param onChanged is called when the user lets it go.
 */
@Composable
fun ThresholdSlider(
    model: LoadedModel,
    chosen: Double?,
    onChange: (Double) -> Unit,
    onChanged: () -> Unit = {},
) {
    val rule = model.boxRule ?: return
    val threshold = chosen ?: rule.displayThreshold
    val range = rule.thresholds
    LabelledSlider(
        stringResource(R.string.threshold, threshold),
        value = threshold.toFloat(),
        onChange = { onChange(it.toDouble()) },
        range = range.start.toFloat()..range.endInclusive.toFloat(),
        onChanged = onChanged,
    )
}
