package refused

import android.hardware.camera2.CameraCharacteristics
import androidx.camera.camera2.interop.Camera2CameraInfo
import androidx.camera.core.CameraInfo
import androidx.camera.core.CameraSelector
import androidx.camera.view.CameraController
import androidx.core.content.ContextCompat

fun selector() = CameraSelector() // refused 11

fun controller() = object : CameraController() {} // refused 12

fun timestamps(camera: CameraInfo): Int? =
    Camera2CameraInfo.from(camera) // refused 37: without OptIn
        .getCameraCharacteristic(CameraCharacteristics.SENSOR_INFO_TIMESTAMP_SOURCE) // refused 37

fun granted(context: android.content.Context) =
    ContextCompat.checkSelfPermission(context = context, permission = "") // refused 39: Java has no named arguments
