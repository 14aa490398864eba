package dev.decant.demo

import androidx.camera.core.ZoomState
import androidx.camera.view.CameraController
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.material3.FilterChip
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.State
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.Observer
import androidx.lifecycle.compose.LocalLifecycleOwner

/** Which camera, its light and its zoom, as far as the camera that is on has them. */
@Composable
fun CameraControls(
    controller: CameraController,
    state: LiveState,
    onSwitch: () -> Unit,
    onTorch: (Boolean) -> Unit,
) {
    val camera = state.camera ?: return
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
        if (camera.hasOther) {
            OutlinedButton(onSwitch) { Text(stringResource(R.string.camera_switch)) }
        }
        if (camera.hasTorch) {
            FilterChip(
                state.torch,
                onClick = { onTorch(!state.torch) },
                label = { Text(stringResource(R.string.camera_torch)) },
            )
        }
    }
    LaunchedEffect(camera, state.torch) {
        if (camera.hasTorch) controller.enableTorch(state.torch)
    }
    Zoom(controller)
}

/** What a pinch on the picture does, too. */
@Composable
private fun Zoom(controller: CameraController) {
    val zoom by zoomState(controller)
    val now = zoom ?: return
    if (now.maxZoomRatio <= now.minZoomRatio) return
    LabelledSlider(
        stringResource(R.string.camera_zoom, now.zoomRatio),
        value = now.linearZoom,
        onChange = { controller.setLinearZoom(it) },
    )
}

@Composable
private fun zoomState(controller: CameraController): State<ZoomState?> {
    val owner = LocalLifecycleOwner.current
    val state = remember(controller) { mutableStateOf<ZoomState?>(null) }
    DisposableEffect(controller, owner) {
        val observer = Observer<ZoomState> { state.value = it }
        controller.zoomState.observe(owner, observer)
        onDispose { controller.zoomState.removeObserver(observer) }
    }
    return state
}
