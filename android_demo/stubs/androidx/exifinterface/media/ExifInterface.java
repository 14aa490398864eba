package androidx.exifinterface.media;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public class ExifInterface {
    public static final String TAG_DATETIME = "DateTime";
    public static final String TAG_ORIENTATION = "Orientation";
    public static final int ORIENTATION_UNDEFINED = 0;
    public static final int ORIENTATION_NORMAL = 1;
    public static final int ORIENTATION_ROTATE_90 = 6;

    public ExifInterface(@NotNull File file) throws IOException {}

    public ExifInterface(@NotNull InputStream inputStream) throws IOException {}

    public @Nullable String getAttribute(@NotNull String tag) { throw new RuntimeException("stub"); }

    public void setAttribute(@NotNull String tag, @Nullable String value) { throw new RuntimeException("stub"); }

    public void saveAttributes() throws IOException { throw new RuntimeException("stub"); }

    public int getAttributeInt(@NotNull String tag, int defaultValue) { throw new RuntimeException("stub"); }
}
