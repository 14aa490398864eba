package androidx.core.content;

import android.content.Context;
import java.util.concurrent.Executor;
import org.jetbrains.annotations.NotNull;

public class ContextCompat {
    protected ContextCompat() {}

    public static int checkSelfPermission(@NotNull Context context, @NotNull String permission) { throw new RuntimeException("stub"); }

    public static @NotNull Executor getMainExecutor(@NotNull Context context) { throw new RuntimeException("stub"); }
}
