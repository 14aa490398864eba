package dev.decant.demo

import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.assertIsSelected
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isSelectable
import androidx.compose.ui.test.junit4.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.test.core.app.ActivityScenario
import androidx.test.ext.junit.runners.AndroidJUnit4
import org.junit.Assert.assertNotNull
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith

private const val LOAD_MS = 60_000L
private const val BUSY_MS = 2_000L

/** Runs the app with the model in its assets; fails where `make demo` was not run before. */
@RunWith(AndroidJUnit4::class)
class DemoScreensTest {
    @get:Rule val rule = createAndroidComposeRule<MainActivity>()

    private val host get() = (rule.activity.application as DemoApplication).modelHost

    private fun text(id: Int) = rule.activity.getString(id)

    private fun open(tab: Int) {
        rule.waitUntil(LOAD_MS) { host.state.value is ModelState.Ready }
        rule.onNode(hasText(text(tab)) and isSelectable()).performClick()
    }

    @Test
    fun modelReproducesItsGoldenOutputs() {
        rule.waitUntil(LOAD_MS) { host.state.value != ModelState.Loading }
        // The ladder takes an accelerator only if it does.
        assertNotNull(host.loaded())
    }

    @Test
    fun aboutShowsTheHashOfTheModel() {
        open(R.string.tab_about)
        rule.onNodeWithText(checkNotNull(host.loaded()).sidecar.cpu.sha256, substring = true)
            .assertExists()
    }

    @Test
    fun feedbackCanBeSeenWithoutConsent() {
        open(R.string.tab_feedback)
        rule.onNodeWithText(text(R.string.feedback_limits)).assertExists()
    }

    @Test
    fun openScreenSurvivesRecreation() {
        open(R.string.tab_benchmark)
        rule.activityRule.scenario.recreate()
        rule.onNode(hasText(text(R.string.tab_benchmark)) and isSelectable()).assertIsSelected()
    }

    @Test
    fun modelIsThereAgainWhenTheAppIsOpenedWhileItsThreadIsBusy() {
        rule.waitUntil(LOAD_MS) { host.state.value is ModelState.Ready }
        val host = this.host
        val first = host.loaded()
        host.executor.execute { Thread.sleep(BUSY_MS) }
        rule.activityRule.scenario.close()
        ActivityScenario.launch(MainActivity::class.java).use {
            rule.waitUntil(LOAD_MS) { host.loaded().let { it != null && it !== first } }
        }
    }

    @Test
    fun benchmarkGivesAMedian() {
        open(R.string.tab_benchmark)
        rule.onNodeWithText(text(R.string.benchmark_run)).performScrollTo().performClick()
        rule.waitUntil(LOAD_MS) {
            rule.onAllNodes(hasText(text(R.string.benchmark_export)))
                .fetchSemanticsNodes().isNotEmpty()
        }
    }

    @Test
    fun everyControlHasSomethingToSay() {
        open(R.string.tab_benchmark)
        val silent = SemanticsMatcher("clickable without text or description") { node ->
            node.config.getOrNull(SemanticsActions.OnClick) != null &&
                node.config.getOrNull(SemanticsProperties.Text).isNullOrEmpty() &&
                node.config.getOrNull(SemanticsProperties.ContentDescription).isNullOrEmpty()
        }
        rule.onAllNodes(silent).fetchSemanticsNodes().let { check(it.isEmpty()) { "$it" } }
    }
}
