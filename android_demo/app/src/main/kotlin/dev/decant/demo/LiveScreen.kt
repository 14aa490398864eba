package dev.decant.demo

import android.Manifest
import android.app.Activity
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.provider.Settings
import androidx.activity.compose.BackHandler
import androidx.activity.compose.LocalActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.RequestPermission
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.core.content.ContextCompat
import androidx.lifecycle.compose.LifecycleResumeEffect
import androidx.lifecycle.compose.LifecycleStartEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import dev.decant.core.CameraPermission
import dev.decant.core.PermissionOffer
import dev.decant.core.WindowLayout

/** The live camera with boxes, once the user has allowed the camera. */
@Composable
fun LiveScreen(model: LoadedModel, layout: WindowLayout) {
    val context = LocalContext.current
    val activity = LocalActivity.current
    val memory = remember { PermissionMemory(context) }
    var permission by remember {
        mutableStateOf(memory.read().seen(context.isAllowed(), activity.explains()))
    }
    fun change(next: CameraPermission) {
        permission = next
        memory.write(next)
    }
    // The user may come back from the settings with another answer.
    LifecycleResumeEffect(Unit) {
        change(permission.seen(context.isAllowed(), activity.explains()))
        onPauseOrDispose {}
    }
    if (permission.isAllowed) LiveCamera(model, layout)
    else PermissionNotice(permission, ::change)
}

private fun Context.isAllowed() =
    ContextCompat.checkSelfPermission(this, Manifest.permission.CAMERA) ==
        PackageManager.PERMISSION_GRANTED

private fun Activity?.explains() =
    this?.shouldShowRequestPermissionRationale(Manifest.permission.CAMERA) == true

/** Remembers whether the camera was refused, for the system does not tell it after the last time. */
private class PermissionMemory(context: Context) {
    private val preferences = context.getSharedPreferences("camera", Context.MODE_PRIVATE)

    fun read() = CameraPermission(wasRefused = preferences.getBoolean(WAS_REFUSED, false))

    fun write(permission: CameraPermission) =
        preferences.edit().putBoolean(WAS_REFUSED, permission.wasRefused).apply()

    private companion object {
        const val WAS_REFUSED = "was_refused"
    }
}

/** Asks for the camera; after a final refusal only the system's settings can allow it. */
@Composable
private fun PermissionNotice(permission: CameraPermission, onChange: (CameraPermission) -> Unit) {
    val activity = LocalActivity.current
    val unable = rememberUnable()
    val ask = rememberLauncherForActivityResult(RequestPermission()) { granted ->
        onChange(permission.answered(granted, activity.explains()))
    }
    fun openSettings() = unable.unlessThereIsNoApp {
        activity?.startActivity(
            Intent(
                Settings.ACTION_APPLICATION_DETAILS_SETTINGS,
                Uri.fromParts("package", activity.packageName, null),
            ),
        )
        onChange(permission.sentToSettings())
    }
    val canAsk = permission.offer != PermissionOffer.SETTINGS
    Notice(
        stringResource(R.string.camera_needed_title),
        stringResource(R.string.camera_needed_text),
        stringResource(if (canAsk) R.string.camera_allow else R.string.camera_settings),
        onAction = { if (canAsk) ask.launch(Manifest.permission.CAMERA) else openSettings() },
    ) {
        if (permission.offer == PermissionOffer.ASK_OR_SETTINGS) {
            OutlinedButton(::openSettings) { Text(stringResource(R.string.camera_settings)) }
        }
        unable.Message()
    }
}

@Composable
private fun LiveCamera(
    model: LoadedModel,
    layout: WindowLayout,
    live: LiveViewModel = viewModel(),
) {
    val state by live.state.collectAsStateWithLifecycle()
    LifecycleResumeEffect(live) {
        onPauseOrDispose { live.lookAway() }
    }
    LifecycleStartEffect(live) {
        onStopOrDispose { live.leave() }
    }
    val failure = state.failure
    if (failure != null) {
        val again = stringResource(R.string.model_retry)
        Notice(stringResource(failure.title), failure.reason, again, live::retry)
        return
    }
    val frozen = state.frozen
    if (frozen == null) Viewfinder(model, live, state, layout) else Frozen(frozen, layout, live::resume)
}

/** The frame that the shutter kept; the camera is off meanwhile. */
@Composable
private fun Frozen(still: StillPicture, layout: WindowLayout, onLeave: () -> Unit) {
    BackHandler(onBack = onLeave)
    StillPictureView(still, layout) {
        OutlinedButton(onLeave) { Text(stringResource(R.string.live_back)) }
    }
}
