package androidx.test.core.app;

import android.app.Activity;
import java.io.Closeable;

public final class ActivityScenario<A extends Activity> implements AutoCloseable, Closeable {
    ActivityScenario() {}

    public static <A extends Activity> ActivityScenario<A> launch(Class<A> activityClass) { throw new RuntimeException("stub"); }

    public ActivityScenario<A> recreate() { throw new RuntimeException("stub"); }

    @Override
    public void close() { throw new RuntimeException("stub"); }
}
