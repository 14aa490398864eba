package androidx.camera.core;

import org.jetbrains.annotations.NotNull;

public final class CameraSelector {
    public static final int LENS_FACING_UNKNOWN = -1;
    public static final int LENS_FACING_FRONT = 0;
    public static final int LENS_FACING_BACK = 1;
    public static final @NotNull CameraSelector DEFAULT_FRONT_CAMERA = new CameraSelector();
    public static final @NotNull CameraSelector DEFAULT_BACK_CAMERA = new CameraSelector();

    CameraSelector() {}
}
