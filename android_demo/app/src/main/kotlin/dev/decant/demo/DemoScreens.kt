package dev.decant.demo

import androidx.annotation.DrawableRes
import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.consumeWindowInsets
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Icon
import androidx.compose.material3.NavigationBar
import androidx.compose.material3.NavigationBarItem
import androidx.compose.material3.NavigationRail
import androidx.compose.material3.NavigationRailItem
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import dev.decant.core.WindowLayout

private enum class Tab(@param:StringRes val label: Int, @param:DrawableRes val icon: Int) {
    LIVE(R.string.tab_live, R.drawable.ic_live),
    STILL(R.string.tab_still, R.drawable.ic_photo),
    BENCHMARK(R.string.tab_benchmark, R.drawable.ic_benchmark),
    FEEDBACK(R.string.tab_feedback, R.drawable.ic_feedback),
    MODEL(R.string.tab_model, R.drawable.ic_about),
}

/** The five screens; which one is open survives rotation and the death of the process. */
@Composable
fun DemoScreens(
    model: ModelViewModel = viewModel(),
    // Made when the app opens, because that deletes what is older than the user wants it kept.
    feedback: FeedbackViewModel = viewModel(),
) {
    var tab by rememberSaveable { mutableStateOf(Tab.LIVE) }
    BoxWithConstraints(Modifier.fillMaxSize()) {
        val layout = WindowLayout.of(maxWidth.value, maxHeight.value)
        Scaffold(bottomBar = { if (!layout.hasRail) Bar(tab) { tab = it } }) { padding ->
            Row(
                Modifier.fillMaxSize()
                    .padding(padding)
                    .consumeWindowInsets(padding)
                    // A field that is written in stays above the keyboard.
                    .imePadding(),
            ) {
                if (layout.hasRail) Rail(tab) { tab = it }
                Box(Modifier.weight(1f).fillMaxHeight()) { Screen(tab, model, feedback, layout) }
            }
        }
    }
}

@Composable
private fun Screen(
    tab: Tab,
    model: ModelViewModel,
    feedback: FeedbackViewModel,
    layout: WindowLayout,
) = when (tab) {
    Tab.LIVE -> WithModel(model) { LiveScreen(it, layout) }
    Tab.STILL -> WithModel(model) { StillScreen(it, layout) }
    Tab.BENCHMARK -> WithModel(model) { BenchmarkScreen(it) }
    // What is kept can be seen and deleted without a model, too, and another model can be chosen.
    Tab.FEEDBACK -> FeedbackScreen(feedback)
    Tab.MODEL -> ModelScreen(model)
}

/** Shows [content] once there is a model; until then, or if there is none, why. */
@Composable
private fun WithModel(model: ModelViewModel, content: @Composable (LoadedModel) -> Unit) {
    val state by model.state.collectAsStateWithLifecycle()
    when (val now = state) {
        is ModelState.Loading -> ModelLoading(now)
        ModelState.Missing ->
            Notice(
                stringResource(R.string.model_missing_title),
                stringResource(R.string.model_missing_text),
            )
        is ModelState.Failed ->
            Notice(
                stringResource(R.string.model_failed_title),
                now.reason,
                stringResource(R.string.model_retry),
                model::load,
            )
        is ModelState.Ready -> content(now.model)
    }
}

/** Says what is waited for; while the accelerators are timed, what came of those that were. */
@Composable
fun ModelLoading(loading: ModelState.Loading) {
    val measured = loading.measured.map { rungResult(it) }
    Waiting((listOf(stringResource(R.string.model_loading)) + measured).joinToString("\n"))
}

@Composable
private fun Bar(open: Tab, onOpen: (Tab) -> Unit) {
    NavigationBar {
        for (tab in Tab.entries) {
            NavigationBarItem(
                selected = tab == open,
                onClick = { onOpen(tab) },
                icon = { TabIcon(tab) },
                label = { Text(stringResource(tab.label)) },
            )
        }
    }
}

@Composable
private fun Rail(open: Tab, onOpen: (Tab) -> Unit) {
    NavigationRail {
        // On a phone that lies there is no room for all of them.
        Column(Modifier.verticalScroll(rememberScrollState())) {
            for (tab in Tab.entries) {
                NavigationRailItem(
                    selected = tab == open,
                    onClick = { onOpen(tab) },
                    icon = { TabIcon(tab) },
                    label = { Text(stringResource(tab.label)) },
                )
            }
        }
    }
}

/** The label beside it says the same, so the icon says nothing aloud. */
@Composable
private fun TabIcon(tab: Tab) {
    Icon(painterResource(tab.icon), contentDescription = null)
}
