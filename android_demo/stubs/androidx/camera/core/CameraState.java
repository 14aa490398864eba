package androidx.camera.core;

import org.jetbrains.annotations.Nullable;

public abstract class CameraState {
    CameraState() {}

    public abstract @Nullable StateError getError();

    public abstract static class StateError {
        StateError() {}

        public abstract int getCode();
    }
}
