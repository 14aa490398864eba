package android.net;

import android.os.Parcelable;
import java.io.File;
import org.jetbrains.annotations.Nullable;

public abstract class Uri implements Parcelable {
    Uri() {}

    public static Uri fromFile(File file) { throw new RuntimeException("stub"); }

    public static Uri fromParts(String scheme, String ssp, String fragment) { throw new RuntimeException("stub"); }

    public static Uri parse(String uriString) { throw new RuntimeException("stub"); }

    public @Nullable String getLastPathSegment() { throw new RuntimeException("stub"); }
}
