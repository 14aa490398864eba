package android.content;

import android.database.Cursor;
import android.net.Uri;
import android.os.CancellationSignal;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public abstract class ContentResolver {
    public final @Nullable InputStream openInputStream(@NotNull Uri uri) throws FileNotFoundException { throw new RuntimeException("stub"); }

    public final @Nullable OutputStream openOutputStream(@NotNull Uri uri) throws FileNotFoundException { throw new RuntimeException("stub"); }

    public final @Nullable OutputStream openOutputStream(@NotNull Uri uri, @NotNull String mode)
            throws FileNotFoundException { throw new RuntimeException("stub"); }

    public final @Nullable Cursor query(
            @NotNull Uri uri,
            @Nullable String[] projection,
            @Nullable String selection,
            @Nullable String[] selectionArgs,
            @Nullable String sortOrder) { throw new RuntimeException("stub"); }

    public final @Nullable Cursor query(
            @NotNull Uri uri,
            @Nullable String[] projection,
            @Nullable String selection,
            @Nullable String[] selectionArgs,
            @Nullable String sortOrder,
            @Nullable CancellationSignal cancellationSignal) { throw new RuntimeException("stub"); }

    public void takePersistableUriPermission(@NotNull Uri uri, int modeFlags) { throw new RuntimeException("stub"); }

    public void releasePersistableUriPermission(@NotNull Uri uri, int modeFlags) { throw new RuntimeException("stub"); }

    public @NotNull List<UriPermission> getPersistedUriPermissions() { throw new RuntimeException("stub"); }
}
