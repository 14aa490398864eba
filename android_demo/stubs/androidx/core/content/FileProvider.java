package androidx.core.content;

import android.content.Context;
import android.net.Uri;
import java.io.File;
import org.jetbrains.annotations.NotNull;

public class FileProvider {
    public FileProvider() {}

    public static Uri getUriForFile(@NotNull Context context, @NotNull String authority, @NotNull File file) { throw new RuntimeException("stub"); }
}
