package android.graphics;

import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public class Canvas {
    public Canvas() {}

    public Canvas(@NotNull Bitmap bitmap) {}

    public void drawBitmap(@NotNull Bitmap bitmap, float left, float top, @Nullable Paint paint) { throw new RuntimeException("stub"); }

    public void drawPath(@NotNull Path path, @NotNull Paint paint) { throw new RuntimeException("stub"); }

    public void drawRect(float left, float top, float right, float bottom, @NotNull Paint paint) { throw new RuntimeException("stub"); }

    public void drawText(@NotNull String text, float x, float y, @NotNull Paint paint) { throw new RuntimeException("stub"); }
}
