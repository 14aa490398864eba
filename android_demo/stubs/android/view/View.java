package android.view;

import android.content.Context;
import org.jetbrains.annotations.Nullable;

public class View {
    public View(Context context) {}

    public final Context getContext() { throw new RuntimeException("stub"); }

    /** Null while the view is not attached; the platform says so in words only. */
    public @Nullable Display getDisplay() { throw new RuntimeException("stub"); }

    public void setKeepScreenOn(boolean keepScreenOn) { throw new RuntimeException("stub"); }

    public boolean getKeepScreenOn() { throw new RuntimeException("stub"); }
}
