package androidx.camera.core;

import android.graphics.Rect;
import java.nio.ByteBuffer;
import org.jetbrains.annotations.NotNull;

public interface ImageProxy extends AutoCloseable {
    interface PlaneProxy {
        int getRowStride();

        int getPixelStride();

        @NotNull ByteBuffer getBuffer();
    }

    @Override
    void close();

    @NotNull Rect getCropRect();

    int getFormat();

    int getHeight();

    int getWidth();

    @NotNull PlaneProxy[] getPlanes();

    @NotNull ImageInfo getImageInfo();
}
