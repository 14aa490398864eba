package android.hardware.camera2;

public final class CameraCharacteristics extends CameraMetadata {
    CameraCharacteristics() {}

    public static final class Key<T> {
        Key() {}
    }

    public static final Key<Integer> SENSOR_INFO_TIMESTAMP_SOURCE = new Key<>();
}
