package android.view;

import org.jetbrains.annotations.NotNull;

public abstract class Window {
    public abstract @NotNull View getDecorView();
}
