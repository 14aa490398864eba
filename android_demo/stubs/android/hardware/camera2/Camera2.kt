package android.hardware.camera2

class CameraCharacteristics {
    class Key<T>

    companion object {
        val SENSOR_INFO_TIMESTAMP_SOURCE: Key<Int> get() = error("stub")
    }
}

abstract class CameraMetadata {
    companion object {
        const val SENSOR_INFO_TIMESTAMP_SOURCE_REALTIME = 1
    }
}
