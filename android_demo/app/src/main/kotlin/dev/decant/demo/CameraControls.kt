package dev.decant.demo

import androidx.annotation.StringRes
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
import androidx.lifecycle.LiveData
import androidx.lifecycle.Observer
import androidx.lifecycle.compose.LocalLifecycleOwner
import dev.decant.core.CameraFault

/** Which camera, its light and its zoom, as far as the camera that is on has them. */
@Composable
fun CameraControls(
    controller: CameraController,
    state: LiveState,
    onSwitch: () -> Unit,
    onTorch: (Boolean) -> Unit,
) {
    val camera = state.camera ?: return
    Fault(camera)
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
    val zoom by observed(controller.zoomState)
    val now = zoom ?: return
    if (now.maxZoomRatio <= now.minZoomRatio) return
    LabelledSlider(
        stringResource(R.string.camera_zoom, now.zoomRatio),
        value = now.linearZoom,
        onChange = { controller.setLinearZoom(it) },
    )
}

/** Says why there is no picture, where the camera is not to be had. */
@Composable
private fun Fault(camera: CameraFacts) {
    val state by observed(camera.state)
    val error = state?.error ?: return
    Said(stringResource(CameraFault.of(error.code).text))
}

private val CameraFault.text: Int
    @StringRes get() = when (this) {
        CameraFault.IN_USE -> R.string.camera_fault_in_use
        CameraFault.DISABLED -> R.string.camera_fault_disabled
        CameraFault.DO_NOT_DISTURB -> R.string.camera_fault_do_not_disturb
        CameraFault.FAILED -> R.string.camera_fault_failed
    }

@Composable
private fun <T> observed(source: LiveData<T>): State<T?> {
    val owner = LocalLifecycleOwner.current
    val state = remember(source) { mutableStateOf<T?>(null) }
    DisposableEffect(source, owner) {
        val observer = Observer<T> { state.value = it }
        source.observe(owner, observer)
        onDispose { source.removeObserver(observer) }
    }
    return state
}
