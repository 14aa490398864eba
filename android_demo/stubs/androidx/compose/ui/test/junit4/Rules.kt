package androidx.compose.ui.test.junit4

import androidx.activity.ComponentActivity
import androidx.compose.runtime.Composable
import androidx.compose.ui.test.MainTestClock
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.SemanticsNodeInteraction
import androidx.compose.ui.test.SemanticsNodeInteractionCollection
import androidx.compose.ui.test.SemanticsNodeInteractionsProvider
import androidx.compose.ui.unit.Density
import androidx.test.ext.junit.rules.ActivityScenarioRule
import org.junit.rules.TestRule
import org.junit.runner.Description
import org.junit.runners.model.Statement

interface ComposeTestRule : TestRule, SemanticsNodeInteractionsProvider {
    val density: Density
    val mainClock: MainTestClock

    fun <T> runOnUiThread(action: () -> T): T

    fun <T> runOnIdle(action: () -> T): T

    fun waitForIdle()

    suspend fun awaitIdle()

    fun waitUntil(timeoutMillis: Long = 1_000, condition: () -> Boolean)

    fun waitUntil(
        conditionDescription: String,
        timeoutMillis: Long = 1_000,
        condition: () -> Boolean,
    ) {}
}

interface ComposeContentTestRule : ComposeTestRule {
    fun setContent(composable: @Composable () -> Unit)
}

class AndroidComposeTestRule<R : TestRule, A : ComponentActivity>(
    val activityRule: R,
    private val activityProvider: (R) -> A,
) : ComposeContentTestRule {
    val activity: A get() = activityProvider(activityRule)
    override val density: Density get() = error("stub")
    override val mainClock: MainTestClock get() = error("stub")

    override fun apply(base: Statement, description: Description): Statement = error("stub")

    override fun onNode(matcher: SemanticsMatcher, useUnmergedTree: Boolean): SemanticsNodeInteraction =
        error("stub")

    override fun onAllNodes(
        matcher: SemanticsMatcher,
        useUnmergedTree: Boolean,
    ): SemanticsNodeInteractionCollection = error("stub")

    override fun <T> runOnUiThread(action: () -> T): T = error("stub")

    override fun <T> runOnIdle(action: () -> T): T = error("stub")

    override fun waitForIdle(): Unit = error("stub")

    override suspend fun awaitIdle(): Unit = error("stub")

    override fun waitUntil(timeoutMillis: Long, condition: () -> Boolean): Unit = error("stub")

    override fun setContent(composable: @Composable () -> Unit): Unit = error("stub")
}

fun createComposeRule(): ComposeContentTestRule = error("stub")

inline fun <reified A : ComponentActivity> createAndroidComposeRule():
    AndroidComposeTestRule<ActivityScenarioRule<A>, A> = error("stub")
