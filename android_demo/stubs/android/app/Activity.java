package android.app;

import android.content.Intent;
import android.os.Bundle;
import android.view.ContextThemeWrapper;
import android.view.Window;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public class Activity extends ContextThemeWrapper {
    public final Application getApplication() { throw new RuntimeException("stub"); }

    public boolean isChangingConfigurations() { throw new RuntimeException("stub"); }

    public Window getWindow() { throw new RuntimeException("stub"); }

    public boolean shouldShowRequestPermissionRationale(@NotNull String permission) { throw new RuntimeException("stub"); }

    public void startActivity(Intent intent) { throw new RuntimeException("stub"); }

    protected void onCreate(@Nullable Bundle savedInstanceState) {}
}
