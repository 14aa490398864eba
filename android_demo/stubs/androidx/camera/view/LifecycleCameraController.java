package androidx.camera.view;

import android.content.Context;
import androidx.lifecycle.LifecycleOwner;
import org.jetbrains.annotations.NotNull;

public final class LifecycleCameraController extends CameraController {
    public LifecycleCameraController(@NotNull Context context) {}

    public void bindToLifecycle(@NotNull LifecycleOwner lifecycleOwner) { throw new RuntimeException("stub"); }

    public void unbind() { throw new RuntimeException("stub"); }
}
