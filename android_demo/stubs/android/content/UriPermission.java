package android.content;

import android.net.Uri;

public final class UriPermission {
    UriPermission() {}

    public Uri getUri() { throw new RuntimeException("stub"); }

    public boolean isReadPermission() { throw new RuntimeException("stub"); }
}
