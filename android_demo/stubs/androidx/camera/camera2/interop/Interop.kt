package androidx.camera.camera2.interop

import android.hardware.camera2.CameraCharacteristics
import androidx.camera.core.CameraInfo

annotation class ExperimentalCamera2Interop

class Camera2CameraInfo {
    fun <T> getCameraCharacteristic(key: CameraCharacteristics.Key<T>): T? = error("stub")

    companion object {
        fun from(camera: CameraInfo): Camera2CameraInfo = error("stub")
    }
}
