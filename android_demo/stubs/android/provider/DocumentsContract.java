package android.provider;

import android.content.ContentResolver;
import android.net.Uri;
import java.io.FileNotFoundException;
import org.jetbrains.annotations.NotNull;

public final class DocumentsContract {
    private DocumentsContract() {}

    public static boolean deleteDocument(@NotNull ContentResolver content, @NotNull Uri documentUri)
            throws FileNotFoundException { throw new RuntimeException("stub"); }
}
