package androidx.camera.core;

public interface CameraInfo {
    int getLensFacing();

    int getSensorRotationDegrees();

    int getSensorRotationDegrees(int relativeRotation);

    boolean hasFlashUnit();
}
