package androidx.camera.view;

import android.content.Context;
import android.widget.FrameLayout;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public final class PreviewView extends FrameLayout {
    public enum ScaleType { FILL_START, FILL_CENTER, FILL_END, FIT_START, FIT_CENTER, FIT_END }

    public PreviewView(@NotNull Context context) {
        super(context);
    }

    public @Nullable CameraController getController() { throw new RuntimeException("stub"); }

    public void setController(@Nullable CameraController cameraController) { throw new RuntimeException("stub"); }

    public @NotNull ScaleType getScaleType() { throw new RuntimeException("stub"); }

    public void setScaleType(@NotNull ScaleType scaleType) { throw new RuntimeException("stub"); }
}
