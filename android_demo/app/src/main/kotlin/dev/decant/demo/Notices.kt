package dev.decant.demo

import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.FilterChip
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp

/** Says what is being waited for. */
@Composable
fun Waiting(text: String) {
    CentredColumn {
        CircularProgressIndicator()
        Text(text, textAlign = TextAlign.Center)
    }
}

/**
 * Says what is the matter and, where something can be done, offers it.
 *
 * @param more what else can be done.
 */
@Composable
fun Notice(
    title: String,
    text: String,
    action: String? = null,
    onAction: () -> Unit = {},
    more: @Composable () -> Unit = {},
) {
    CentredColumn {
        Text(
            title,
            modifier = Modifier.semantics { heading() },
            style = MaterialTheme.typography.titleLarge,
            textAlign = TextAlign.Center,
        )
        Text(text, textAlign = TextAlign.Center)
        if (action != null) Button(onAction) { Text(action) }
        more()
    }
}

@Composable
private fun CentredColumn(content: @Composable () -> Unit) {
    Column(
        modifier = Modifier.fillMaxSize()
            .verticalScroll(rememberScrollState())
            .padding(24.dp)
            .semantics { liveRegion = LiveRegionMode.Polite },
        verticalArrangement = Arrangement.spacedBy(16.dp, Alignment.CenterVertically),
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        content()
    }
}

/** The title of a part of a screen, which a screen reader can jump to. */
@Composable
fun Heading(text: String) {
    Text(
        text = text,
        modifier = Modifier.semantics { heading() },
        style = MaterialTheme.typography.titleMedium,
    )
}

/** One of a few. */
@Composable
fun <T> Choices(all: List<T>, chosen: T, name: (T) -> String, onChoice: (T) -> Unit) {
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
        for (each in all) {
            FilterChip(
                selected = each == chosen,
                onClick = { onChoice(each) },
                label = { Text(name(each)) },
            )
        }
    }
}

/** A message that a screen reader says when it appears. */
@Composable
fun Said(text: String) {
    Text(text = text, modifier = Modifier.semantics { liveRegion = LiveRegionMode.Polite })
}

/** Says what went wrong, if something did. */
@Composable
fun Failure(@StringRes title: Int, reason: String?) {
    if (reason == null) return
    Column(Modifier.semantics { liveRegion = LiveRegionMode.Polite }) {
        Text(stringResource(title), color = MaterialTheme.colorScheme.error)
        Text(reason)
    }
}
