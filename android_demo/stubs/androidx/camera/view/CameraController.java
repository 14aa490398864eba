package androidx.camera.view;

import androidx.camera.core.CameraInfo;
import androidx.camera.core.CameraSelector;
import androidx.camera.core.ImageAnalysis;
import androidx.camera.core.ZoomState;
import androidx.camera.core.resolutionselector.ResolutionSelector;
import androidx.lifecycle.LiveData;
import com.google.common.util.concurrent.ListenableFuture;
import java.util.concurrent.Executor;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public abstract class CameraController {
    public static final int IMAGE_CAPTURE = 1;
    public static final int IMAGE_ANALYSIS = 2;
    public static final int VIDEO_CAPTURE = 4;

    CameraController() {}

    public int getImageAnalysisBackpressureStrategy() { throw new RuntimeException("stub"); }

    public void setImageAnalysisBackpressureStrategy(int strategy) { throw new RuntimeException("stub"); }

    public int getImageAnalysisOutputImageFormat() { throw new RuntimeException("stub"); }

    public void setImageAnalysisOutputImageFormat(int imageAnalysisOutputImageFormat) { throw new RuntimeException("stub"); }

    public @Nullable ResolutionSelector getImageAnalysisResolutionSelector() { throw new RuntimeException("stub"); }

    public void setImageAnalysisResolutionSelector(@Nullable ResolutionSelector resolutionSelector) { throw new RuntimeException("stub"); }

    public @NotNull CameraSelector getCameraSelector() { throw new RuntimeException("stub"); }

    public void setCameraSelector(@NotNull CameraSelector cameraSelector) { throw new RuntimeException("stub"); }

    public boolean hasCamera(@NotNull CameraSelector cameraSelector) { throw new RuntimeException("stub"); }

    public @Nullable CameraInfo getCameraInfo() { throw new RuntimeException("stub"); }

    public @NotNull ListenableFuture<Void> getInitializationFuture() { throw new RuntimeException("stub"); }

    public void setEnabledUseCases(int enabledUseCases) { throw new RuntimeException("stub"); }

    public void setImageAnalysisAnalyzer(@NotNull Executor executor, @NotNull ImageAnalysis.Analyzer analyzer) { throw new RuntimeException("stub"); }

    public void clearImageAnalysisAnalyzer() { throw new RuntimeException("stub"); }

    public @NotNull ListenableFuture<Void> enableTorch(boolean torchEnabled) { throw new RuntimeException("stub"); }

    public @NotNull LiveData<Integer> getTorchState() { throw new RuntimeException("stub"); }

    public @NotNull ListenableFuture<Void> setZoomRatio(float zoomRatio) { throw new RuntimeException("stub"); }

    public @NotNull ListenableFuture<Void> setLinearZoom(float linearZoom) { throw new RuntimeException("stub"); }

    public @NotNull LiveData<ZoomState> getZoomState() { throw new RuntimeException("stub"); }

    public boolean isPinchToZoomEnabled() { throw new RuntimeException("stub"); }

    public void setPinchToZoomEnabled(boolean enabled) { throw new RuntimeException("stub"); }

    public boolean isTapToFocusEnabled() { throw new RuntimeException("stub"); }

    public void setTapToFocusEnabled(boolean enabled) { throw new RuntimeException("stub"); }
}
