package android.graphics;

import android.os.Parcelable;
import java.io.OutputStream;
import java.nio.Buffer;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public final class Bitmap implements Parcelable {
    Bitmap() {}

    public enum Config { ALPHA_8, RGB_565, ARGB_4444, ARGB_8888, RGBA_F16, HARDWARE, RGBA_1010102 }

    public enum CompressFormat { JPEG, PNG, WEBP, WEBP_LOSSY, WEBP_LOSSLESS }

    public int getWidth() { throw new RuntimeException("stub"); }

    public int getHeight() { throw new RuntimeException("stub"); }

    public int getPixel(int x, int y) { throw new RuntimeException("stub"); }

    public int getRowBytes() { throw new RuntimeException("stub"); }

    public @Nullable Config getConfig() { throw new RuntimeException("stub"); }

    public void recycle() { throw new RuntimeException("stub"); }

    public Bitmap copy(@NotNull Config config, boolean isMutable) { throw new RuntimeException("stub"); }

    public void copyPixelsToBuffer(@NotNull Buffer dst) { throw new RuntimeException("stub"); }

    public boolean compress(@NotNull CompressFormat format, int quality, @NotNull OutputStream stream) { throw new RuntimeException("stub"); }

    public static @NotNull Bitmap createBitmap(
            @NotNull Bitmap source, int x, int y, int width, int height, @Nullable Matrix m, boolean filter) { throw new RuntimeException("stub"); }

    public static Bitmap createBitmap(int width, int height, @NotNull Config config) { throw new RuntimeException("stub"); }

    public static Bitmap createBitmap(@NotNull int[] colors, int width, int height, @NotNull Config config) { throw new RuntimeException("stub"); }

    public static @NotNull Bitmap createScaledBitmap(
            @NotNull Bitmap src, int dstWidth, int dstHeight, boolean filter) { throw new RuntimeException("stub"); }
}
