package androidx.compose.ui.test.junit4

import androidx.activity.ComponentActivity
import androidx.compose.runtime.Composable
import androidx.compose.ui.test.SemanticsNodeInteractionsProvider
import androidx.test.ext.junit.rules.ActivityScenarioRule
import org.junit.rules.TestRule

interface ComposeTestRule : TestRule, SemanticsNodeInteractionsProvider {
    fun <T> runOnUiThread(action: () -> T): T

    fun waitForIdle()

    fun waitUntil(timeoutMillis: Long = 1_000, condition: () -> Boolean)
}

interface ComposeContentTestRule : ComposeTestRule {
    fun setContent(composable: @Composable () -> Unit)
}

abstract class AndroidComposeTestRule<R : TestRule, A : ComponentActivity> : ComposeContentTestRule {
    val activityRule: R get() = error("stub")
    val activity: A get() = error("stub")
}

fun createComposeRule(): ComposeContentTestRule = error("stub")

inline fun <reified A : ComponentActivity> createAndroidComposeRule():
    AndroidComposeTestRule<ActivityScenarioRule<A>, A> = error("stub")
