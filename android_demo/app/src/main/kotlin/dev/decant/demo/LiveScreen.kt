package dev.decant.demo

import android.Manifest
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.provider.Settings
import androidx.activity.compose.BackHandler
import androidx.activity.compose.LocalActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.RequestPermission
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Button
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.runtime.withFrameNanos
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.core.content.ContextCompat
import androidx.lifecycle.compose.LifecycleResumeEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel

/** The live camera with boxes, once the user has allowed the camera. */
@Composable
fun LiveScreen() {
    val context = LocalContext.current
    fun isAllowed() = ContextCompat.checkSelfPermission(context, Manifest.permission.CAMERA) ==
        PackageManager.PERMISSION_GRANTED
    var allowed by remember { mutableStateOf(isAllowed()) }
    // The user may come back from the settings with another answer.
    LifecycleResumeEffect(Unit) {
        allowed = isAllowed()
        onPauseOrDispose {}
    }
    if (allowed) LiveCamera() else PermissionNotice { allowed = it }
}

/** Asks for the camera; after a final refusal only the system's settings can allow it. */
@Composable
private fun PermissionNotice(onAnswer: (Boolean) -> Unit) {
    val activity = LocalActivity.current
    var refusedForGood by rememberSaveable { mutableStateOf(false) }
    val ask = rememberLauncherForActivityResult(RequestPermission()) { granted ->
        val mayAskAgain = activity?.shouldShowRequestPermissionRationale(Manifest.permission.CAMERA)
        refusedForGood = !granted && mayAskAgain == false
        onAnswer(granted)
    }
    val label = if (refusedForGood) R.string.camera_settings else R.string.camera_allow
    Notice(
        stringResource(R.string.camera_needed_title),
        stringResource(R.string.camera_needed_text),
        stringResource(label),
    ) {
        if (refusedForGood) {
            val settings = Uri.fromParts("package", activity?.packageName, null)
            activity?.startActivity(
                Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, settings),
            )
        } else {
            ask.launch(Manifest.permission.CAMERA)
        }
    }
}

@Composable
private fun LiveCamera(live: LiveViewModel = viewModel()) {
    val state by live.state.collectAsStateWithLifecycle()
    LifecycleResumeEffect(live) {
        onPauseOrDispose { live.leave() }
    }
    val failure = state.failure
    if (failure != null) {
        val again = stringResource(R.string.model_retry)
        Notice(stringResource(failure.title), failure.reason, again, live::retry)
        return
    }
    val frozen = state.frozen
    if (frozen == null) Viewfinder(live, state) else Frozen(frozen, live::resume)
}

/** The frame that the shutter kept; the camera is off meanwhile. */
@Composable
private fun Frozen(editor: AnswerEditor, onLeave: () -> Unit) {
    BackHandler(onBack = onLeave)
    Column(
        modifier = Modifier.fillMaxSize().padding(16.dp),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        OutlinedButton(onLeave) { Text(stringResource(R.string.live_back)) }
        AnswerEditScreen(editor)
    }
}

@Composable
private fun Viewfinder(live: LiveViewModel, state: LiveState) {
    val description = stringResource(R.string.live_preview)
    Box(Modifier.fillMaxSize()) {
        CameraPreview(
            live.sink,
            Modifier.fillMaxSize().semantics { contentDescription = description },
        )
        state.answer?.let { answer ->
            BoxOverlay(answer, Modifier.fillMaxSize())
            // Resumes at the refresh after the one that draws these boxes for the first time.
            LaunchedEffect(answer) {
                withFrameNanos {}
                live.onShown(answer)
            }
        }
        Column(
            Modifier.align(Alignment.BottomCenter).fillMaxWidth(),
            horizontalAlignment = Alignment.CenterHorizontally,
        ) {
            Button(onClick = live::press, modifier = Modifier.padding(12.dp)) {
                Text(stringResource(R.string.live_shutter))
            }
            state.answer?.let { LiveTimes(state, it) }
        }
    }
}

@Composable
private fun LiveTimes(state: LiveState, answer: Answer) {
    Surface(Modifier.fillMaxWidth(), color = MaterialTheme.colorScheme.surface.copy(alpha = 0.8f)) {
        Column(Modifier.padding(12.dp)) {
            val shown = state.shutterToScreenMs
            Text(
                if (shown == null) stringResource(R.string.live_times_unknown)
                else stringResource(R.string.live_times, shown),
                style = MaterialTheme.typography.titleMedium,
            )
            Text(stageTimes(answer.times), style = MaterialTheme.typography.bodySmall)
        }
    }
}

/** The stages of an answer in words. */
@Composable
fun stageTimes(times: AnswerTimes): String =
    stringResource(R.string.stage_times, times.preprocessMs, times.inferenceMs, times.decodeMs)
