package android.widget;

import android.content.Context;
import android.view.ViewGroup;
import org.jetbrains.annotations.NotNull;

public class FrameLayout extends ViewGroup {
    public FrameLayout(@NotNull Context context) {
        super(context);
    }
}
