package dev.decant.core

// Of androidx.camera.core.CameraState.
private const val MAX_CAMERAS_IN_USE = 1
private const val CAMERA_IN_USE = 2
private const val CAMERA_DISABLED = 5
private const val DO_NOT_DISTURB_MODE_ENABLED = 7

/** Why a camera that is there gives no picture; an app has words for each, and for what the user can do. */
enum class CameraFault {
    /** By another app; CameraX opens it once that app is done. */
    IN_USE,

    /** By the device's administrator, or its settings. */
    DISABLED,

    /** Of Android 9, on old cameras. */
    DO_NOT_DISTURB,

    FAILED;

    companion object {
        /** The fault of one of CameraX's codes; any other code than these is no more than a failure. */
        fun of(code: Int): CameraFault = when (code) {
            MAX_CAMERAS_IN_USE, CAMERA_IN_USE -> IN_USE
            CAMERA_DISABLED -> DISABLED
            DO_NOT_DISTURB_MODE_ENABLED -> DO_NOT_DISTURB
            else -> FAILED
        }
    }
}
