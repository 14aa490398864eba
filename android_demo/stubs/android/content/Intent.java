package android.content;

import android.net.Uri;
import android.os.Parcelable;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public class Intent {
    public static final String ACTION_CHOOSER = "android.intent.action.CHOOSER";
    public static final String ACTION_SEND = "android.intent.action.SEND";
    public static final String ACTION_VIEW = "android.intent.action.VIEW";
    public static final String EXTRA_STREAM = "android.intent.extra.STREAM";
    public static final String EXTRA_TEXT = "android.intent.extra.TEXT";
    public static final int FLAG_GRANT_READ_URI_PERMISSION = 1;
    public static final int FLAG_GRANT_WRITE_URI_PERMISSION = 2;

    public Intent() {}

    public Intent(String action) {}

    public Intent(String action, Uri uri) {}

    public @Nullable String getAction() { throw new RuntimeException("stub"); }

    public @Nullable Uri getData() { throw new RuntimeException("stub"); }

    public @NotNull Intent setType(@Nullable String type) { throw new RuntimeException("stub"); }

    public @NotNull Intent addFlags(int flags) { throw new RuntimeException("stub"); }

    public @NotNull Intent putExtra(String name, @Nullable String value) { throw new RuntimeException("stub"); }

    public @NotNull Intent putExtra(String name, @Nullable Parcelable value) { throw new RuntimeException("stub"); }

    public void setClipData(@Nullable ClipData clip) { throw new RuntimeException("stub"); }

    public @Nullable ClipData getClipData() { throw new RuntimeException("stub"); }

    public static Intent createChooser(Intent target, CharSequence title) { throw new RuntimeException("stub"); }
}
