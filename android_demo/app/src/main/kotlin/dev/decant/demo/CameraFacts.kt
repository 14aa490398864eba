package dev.decant.demo

import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraMetadata
import android.os.SystemClock
import android.view.Display
import androidx.annotation.OptIn
import androidx.camera.camera2.interop.Camera2CameraInfo
import androidx.camera.camera2.interop.ExperimentalCamera2Interop
import androidx.camera.core.CameraInfo
import androidx.camera.core.CameraSelector
import androidx.camera.core.CameraState
import androidx.lifecycle.LiveData
import dev.decant.core.CameraFacing
import dev.decant.core.Turn

private const val NANOS_PER_MS = 1e6
private const val LONGEST_MS = 10_000.0

/** The clock that a camera stamps its frames with. */
enum class CameraClock {
    /** Time since boot, with sleep. */
    REALTIME,

    /** Time since boot, without sleep; Camera2 promises only that it is roughly this. */
    UPTIME,
    ;

    /**
     * Milliseconds from the exposure of a frame until now; null where the camera's stamp cannot be
     * on this clock.
     */
    fun millisecondsSince(timestampNs: Long): Double? {
        val now = if (this == REALTIME) SystemClock.elapsedRealtimeNanos() else System.nanoTime()
        return ((now - timestampNs) / NANOS_PER_MS).takeIf { it in 0.0..LONGEST_MS }
    }

    companion object {
        @OptIn(ExperimentalCamera2Interop::class)
        fun of(camera: CameraInfo): CameraClock {
            val source = Camera2CameraInfo.from(camera)
                .getCameraCharacteristic(CameraCharacteristics.SENSOR_INFO_TIMESTAMP_SOURCE)
            val isRealtime = source == CameraMetadata.SENSOR_INFO_TIMESTAMP_SOURCE_REALTIME
            return if (isRealtime) REALTIME else UPTIME
        }
    }
}

/**
 * What has to be known of a camera to time its frames and to draw over its preview.
 *
 * @property hasOther whether the device has a camera that looks the other way.
 */
class CameraFacts(
    private val camera: CameraInfo,
    private val display: Display,
    val hasOther: Boolean,
) {
    val clock = CameraClock.of(camera)
    val hasTorch = camera.hasFlashUnit()

    /** Whether it is open, and what keeps it from that. */
    val state: LiveData<CameraState> get() = camera.cameraState

    /** The preview of a camera that faces the user is a mirror. */
    val mirrored = camera.lensFacing == CameraSelector.LENS_FACING_FRONT

    /** Which way it really looks: the one that was wanted may not be there. */
    val facing = if (mirrored) CameraFacing.FRONT else CameraFacing.BACK

    /**
     * The turn from an upright frame to the preview.
     *
     * The controller turns frames by the motion sensor and the preview by the display, whose rotation
     * may be locked, and may change by 180 degrees without a word to the activity.
     *
     * @param upright degrees by which the stored frame is turned to stand upright.
     */
    fun turn(upright: Int): Turn =
        Turn.between(upright, shown = camera.getSensorRotationDegrees(display.rotation))
}
