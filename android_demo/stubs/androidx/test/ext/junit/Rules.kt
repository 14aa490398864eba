package androidx.test.ext.junit.rules

import androidx.test.core.app.ActivityScenario
import org.junit.rules.ExternalResource

class ActivityScenarioRule<A> : ExternalResource() {
    val scenario: ActivityScenario<A> get() = error("stub")
}
