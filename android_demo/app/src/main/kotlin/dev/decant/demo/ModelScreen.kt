package dev.decant.demo

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle

/** Which model answers and on what, and what is known of it; without one, where to get one. */
@Composable
fun ModelScreen(model: ModelViewModel) {
    val state by model.state.collectAsStateWithLifecycle()
    Column(
        Modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(16.dp),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        Bundles(model)
        when (val now = state) {
            is ModelState.Loading -> Loading(now)
            ModelState.Missing -> Text(stringResource(R.string.model_missing_text))
            is ModelState.Failed -> {
                Failure(R.string.model_failed_title, now.reason)
                Button(model::load) { Text(stringResource(R.string.model_retry)) }
            }
            is ModelState.Ready -> {
                Accelerators(model)
                AboutModel(now.model)
            }
        }
        Heading(stringResource(R.string.about_runtime))
        Text(stringResource(RUNTIME_TEXT))
    }
}

@Composable
private fun Loading(loading: ModelState.Loading) {
    Said(stringResource(R.string.model_loading))
    for (result in loading.measured) Text(rungResult(result))
}
