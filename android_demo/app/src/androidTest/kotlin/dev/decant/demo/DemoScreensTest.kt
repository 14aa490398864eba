package dev.decant.demo

import android.view.View
import android.view.ViewGroup
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
import dev.decant.core.Accelerator
import dev.decant.core.BundleException
import dev.decant.core.RungChoice
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
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
        rule.waitUntil(LOAD_MS) { host.state.value !is ModelState.Loading }
        // The ladder takes an accelerator only if it does.
        assertNotNull(host.loaded())
    }

    @Test
    fun aboutShowsTheHashOfTheModel() {
        open(R.string.tab_model)
        rule.onNodeWithText(checkNotNull(host.loaded()).sidecar.cpu.sha256, substring = true)
            .assertExists()
    }

    @Test
    fun everyRungIsTimedOrHasAReason() {
        open(R.string.tab_model)
        val ladder = checkNotNull(host.ladder.value)
        val rungs = checkNotNull(host.loaded()).rungs
        assertEquals(rungs, ladder.results.map { it.rung })
        for (result in ladder.results) {
            assertTrue("$result", (result.latency == null) != (result.refusal == null))
            rule.onNodeWithText("${result.rung}:", substring = true).assertExists()
        }
    }

    @Test
    fun whatTheUserChoosesIsUsed() = try {
        open(R.string.tab_model)
        runBlocking { host.choose(RungChoice(Accelerator.CPU, threads = 1)) }
        rule.waitUntil(LOAD_MS) { host.state.value is ModelState.Ready }
        assertEquals("CPU × 1", host.ladder.value?.inUse.toString())
    } finally {
        runBlocking { host.choose(RungChoice()) }
    }

    @Test
    fun aBundleIsImportedUsedAndDeleted() {
        open(R.string.tab_model)
        val bundles = (rule.activity.application as DemoApplication).bundles
        val own = checkNotNull(bundles.state.value.own)
        val taken = runBlocking { bundles.take(AnotherBundle(rule.activity)) }.chosen
        assertNotEquals(own, taken?.id)
        runBlocking { host.reload() }
        assertEquals(taken?.id, host.loaded()?.bundle?.id)
        rule.onNodeWithText(checkNotNull(taken).id.take(8), substring = true).assertExists()
        runBlocking { bundles.delete(taken.id) }
        assertEquals(own, bundles.state.value.chosen?.id)
        runBlocking { host.reload() }
    }

    @Test
    fun aBundleWithAnotherFileIsNotTaken() {
        open(R.string.tab_model)
        val bundles = (rule.activity.application as DemoApplication).bundles
        val before = bundles.state.value
        val damaged = AnotherBundle(rule.activity, damaged = ownSidecar(rule.activity).cpu.file)
        assertThrows(BundleException::class.java) { runBlocking { bundles.take(damaged) } }
        assertEquals(before.all, bundles.state.value.all)
    }

    @Test
    fun aLongBenchmarkCanBeCancelledAndIsExported() {
        open(R.string.tab_benchmark)
        rule.onNodeWithText(text(R.string.benchmark_run_long)).performScrollTo().performClick()
        rule.onNodeWithText(text(R.string.cancel)).performScrollTo().performClick()
        rule.waitUntil(LOAD_MS) {
            rule.onAllNodes(hasText(text(R.string.benchmark_long_cancelled)))
                .fetchSemanticsNodes().isNotEmpty()
        }
        rule.onNodeWithText(text(R.string.benchmark_export)).performScrollTo().assertExists()
    }

    @Test
    fun theScreenStaysOnForTheBenchmarkOnly() {
        open(R.string.tab_benchmark)
        rule.waitForIdle()
        assertTrue(isKeptOn())
        open(R.string.tab_model)
        rule.waitForIdle()
        assertTrue(!isKeptOn())
    }

    private fun isKeptOn(): Boolean {
        val views = ArrayDeque<View>(listOf(rule.activity.window.decorView))
        while (views.isNotEmpty()) {
            val view = views.removeFirst()
            if (view.keepScreenOn) return true
            if (view is ViewGroup) for (i in 0 until view.childCount) views += view.getChildAt(i)
        }
        return false
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
        val silent = SemanticsMatcher("clickable without text or description") { node ->
            node.config.getOrNull(SemanticsActions.OnClick) != null &&
                node.config.getOrNull(SemanticsProperties.Text).isNullOrEmpty() &&
                node.config.getOrNull(SemanticsProperties.ContentDescription).isNullOrEmpty()
        }
        for (tab in listOf(R.string.tab_still, R.string.tab_benchmark, R.string.tab_model)) {
            open(tab)
            rule.onAllNodes(silent).fetchSemanticsNodes().let { check(it.isEmpty()) { "$it" } }
        }
    }
}
