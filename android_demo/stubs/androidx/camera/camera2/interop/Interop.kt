package androidx.camera.camera2.interop

import android.hardware.camera2.CameraCharacteristics
import androidx.camera.core.CameraInfo

/** Marked with androidx's RequiresOptIn in the library: there Lint, not the compiler, asks for OptIn. */
@RequiresOptIn
@Retention(AnnotationRetention.BINARY)
annotation class ExperimentalCamera2Interop

@ExperimentalCamera2Interop
class Camera2CameraInfo private constructor() {
    fun <T> getCameraCharacteristic(key: CameraCharacteristics.Key<T>): T? = error("stub")

    companion object {
        @JvmStatic
        fun from(cameraInfo: CameraInfo): Camera2CameraInfo = error("stub")
    }
}
