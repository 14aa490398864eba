package android.graphics;

import java.io.InputStream;
import org.jetbrains.annotations.Nullable;

public class BitmapFactory {
    public static class Options {
        public boolean inJustDecodeBounds;
        public int inSampleSize;
        public Bitmap.Config inPreferredConfig;
        public int outWidth;
        public int outHeight;
    }

    public static @Nullable Bitmap decodeFile(String pathName) { throw new RuntimeException("stub"); }

    public static @Nullable Bitmap decodeFile(String pathName, @Nullable Options opts) { throw new RuntimeException("stub"); }

    public static @Nullable Bitmap decodeStream(InputStream is) { throw new RuntimeException("stub"); }

    public static @Nullable Bitmap decodeStream(
            @Nullable InputStream is, @Nullable Rect outPadding, @Nullable Options opts) { throw new RuntimeException("stub"); }
}
