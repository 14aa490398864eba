package androidx.camera.core;

import androidx.lifecycle.LiveData;
import org.jetbrains.annotations.NotNull;

public interface CameraInfo {
    @NotNull LiveData<CameraState> getCameraState();

    int getLensFacing();

    int getSensorRotationDegrees();

    int getSensorRotationDegrees(int relativeRotation);

    boolean hasFlashUnit();
}
