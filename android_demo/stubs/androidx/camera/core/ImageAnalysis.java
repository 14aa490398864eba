package androidx.camera.core;

import android.util.Size;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public final class ImageAnalysis {
    public static final int STRATEGY_KEEP_ONLY_LATEST = 0;
    public static final int STRATEGY_BLOCK_PRODUCER = 1;
    public static final int OUTPUT_IMAGE_FORMAT_YUV_420_888 = 1;
    public static final int OUTPUT_IMAGE_FORMAT_RGBA_8888 = 2;

    ImageAnalysis() {}

    public interface Analyzer {
        void analyze(@NotNull ImageProxy image);

        default @Nullable Size getDefaultTargetResolution() {
            return null;
        }
    }
}
