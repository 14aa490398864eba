package androidx.test.ext.junit.rules;

import android.app.Activity;
import androidx.test.core.app.ActivityScenario;
import org.junit.rules.ExternalResource;

public final class ActivityScenarioRule<A extends Activity> extends ExternalResource {
    public ActivityScenarioRule(Class<A> activityClass) {}

    public ActivityScenario<A> getScenario() { throw new RuntimeException("stub"); }
}
