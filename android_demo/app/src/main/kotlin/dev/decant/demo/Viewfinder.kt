package dev.decant.demo

import androidx.camera.view.LifecycleCameraController
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.compose.runtime.withFrameNanos
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import dev.decant.core.Findings
import dev.decant.core.WindowLayout

private val PANEL_WIDTH = 320.dp

// What is below is reached by scrolling; the picture stays to be seen.
private val PANEL_HEIGHT = 280.dp

/** The camera's picture with what was found in it, and the controls: below it, or beside it. */
@Composable
fun Viewfinder(model: LoadedModel, live: LiveViewModel, state: LiveState, layout: WindowLayout) {
    KeepScreenOn()
    val context = LocalContext.current
    val controller = remember { LifecycleCameraController(context) }
    if (layout.isSideBySide) {
        Row(Modifier.fillMaxSize()) {
            LivePicture(controller, live, state, Modifier.weight(1f).fillMaxHeight())
            Panel(Modifier.width(PANEL_WIDTH).fillMaxHeight()) {
                LiveControls(controller, live, state)
                LiveReadings(model, live, state)
            }
        }
    } else {
        Box(Modifier.fillMaxSize()) {
            LivePicture(controller, live, state, Modifier.fillMaxSize())
            Panel(Modifier.align(Alignment.BottomCenter).fillMaxWidth().heightIn(max = PANEL_HEIGHT)) {
                LiveControls(controller, live, state)
                LiveReadings(model, live, state)
            }
        }
    }
}

@Composable
private fun LivePicture(
    controller: LifecycleCameraController,
    live: LiveViewModel,
    state: LiveState,
    modifier: Modifier,
) {
    val description = stringResource(R.string.live_preview)
    Box(modifier) {
        CameraPreview(
            controller,
            CameraStart(state.wanted, state.live.run),
            live.sink,
            modifier = Modifier.fillMaxSize().semantics { contentDescription = description },
        )
        state.live.answer?.let { timed ->
            if (timed.answer.findings is Findings.Boxes) BoxOverlay(timed.answer, Modifier.fillMaxSize())
            MaskOverlay(timed.answer, Modifier.fillMaxSize(), ContentScale.Crop)
            // Resumes at the refresh after the one that draws these boxes for the first time.
            LaunchedEffect(timed) {
                withFrameNanos {}
                live.onShown(timed)
            }
        }
    }
}

@Composable
private fun Panel(modifier: Modifier, content: @Composable () -> Unit) {
    Surface(modifier, color = MaterialTheme.colorScheme.surface.copy(alpha = 0.8f)) {
        Column(
            Modifier.verticalScroll(rememberScrollState()).padding(12.dp),
            verticalArrangement = Arrangement.spacedBy(8.dp),
        ) {
            content()
        }
    }
}

@Composable
private fun LiveControls(controller: LifecycleCameraController, live: LiveViewModel, state: LiveState) {
    Button(live::press) { Text(stringResource(R.string.live_shutter)) }
    CameraControls(controller, state, live::switchCamera, live::setTorch)
}

/** What the model makes of the picture, and how long it takes. */
@Composable
private fun LiveReadings(model: LoadedModel, live: LiveViewModel, state: LiveState) {
    val ladder by live.ladder.collectAsStateWithLifecycle()
    val threshold by live.threshold.collectAsStateWithLifecycle()
    ladder?.let { FallenRung(it) }
    ThresholdSlider(model, threshold, live::setThreshold)
    val timed = state.live.answer ?: return
    FindingsInWords(timed.answer.findings)
    val shown = state.live.shutterToScreenMs
    Text(
        if (shown == null) stringResource(R.string.live_times_unknown)
        else stringResource(R.string.live_times, shown),
        style = MaterialTheme.typography.titleMedium,
    )
    Text(stageTimes(timed.answer.times), style = MaterialTheme.typography.bodySmall)
    Text(figures(timed.figures), style = MaterialTheme.typography.bodySmall)
}

@Composable
private fun figures(figures: LiveFigures): String = with(figures) {
    if (count < 2) return ""
    stringResource(R.string.live_figures, median, p90, p99, perSecond, count)
}

/** The stages of an answer in words. */
@Composable
fun stageTimes(times: AnswerTimes): String =
    stringResource(R.string.stage_times, times.preprocessMs, times.inferenceMs, times.decodeMs)

/** Says which accelerator failed while the model was in use, and what answers in its place. */
@Composable
private fun FallenRung(ladder: LadderState) {
    val (from, reason) = ladder.falls.lastOrNull() ?: return
    Said(stringResource(R.string.rung_fell, from.toString(), reason, ladder.inUse.toString()))
}
