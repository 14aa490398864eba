package dev.decant.demo

import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Button
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.LifecycleResumeEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import dev.decant.core.WindowLayout

/** A photo from the gallery, its answer to be corrected; the system's picker needs no permission. */
@Composable
fun StillScreen(model: LoadedModel, layout: WindowLayout, still: StillViewModel = viewModel()) {
    val state by still.state.collectAsStateWithLifecycle()
    val threshold by still.threshold.collectAsStateWithLifecycle()
    val unable = rememberUnable()
    LifecycleResumeEffect(still) {
        onPauseOrDispose { still.leave() }
    }
    // Another model answers the photo anew.
    LaunchedEffect(model) { still.answerWith(model) }
    val pick = rememberLauncherForActivityResult(PickVisualMedia()) { uri ->
        if (uri != null) still.choose(uri)
    }
    val controls = @Composable {
        Button({
            unable.unlessThereIsNoApp {
                pick.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly))
            }
        }) {
            Text(stringResource(R.string.still_choose))
        }
        unable.Message()
        if (isUntouched(state)) {
            ThresholdSlider(model, threshold, still::setThreshold, still::answerAgain)
        }
    }
    val now = state
    if (now is StillState.Done) StillPictureView(now.still, layout, controls)
    else WithoutPicture(now, controls)
}

@Composable
private fun WithoutPicture(state: StillState, controls: @Composable () -> Unit) {
    Column(
        modifier = Modifier.fillMaxSize().padding(16.dp),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        controls()
        when (state) {
            StillState.Empty -> Text(stringResource(R.string.still_hint))
            StillState.Working -> Waiting(stringResource(R.string.still_working))
            is StillState.Failed ->
                Notice(stringResource(R.string.still_failed_title), state.reason)
            is StillState.Unusable ->
                Notice(stringResource(R.string.still_failed_title), stringResource(state.fault.text))
            is StillState.Done -> Unit
        }
    }
}

/** Whether answering again would lose nothing: no correction, and nothing that was kept. */
@Composable
private fun isUntouched(state: StillState): Boolean {
    val editor = (state as? StillState.Done)?.still?.editor ?: return state !is StillState.Working
    val edit by editor.state.collectAsStateWithLifecycle()
    return !edit.edit.canUndo && edit.remark.isEmpty() && edit.keeping == Keeping.NotAsked
}
