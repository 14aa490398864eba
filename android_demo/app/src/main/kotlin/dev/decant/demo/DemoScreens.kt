package dev.decant.demo

import androidx.annotation.DrawableRes
import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.consumeWindowInsets
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Icon
import androidx.compose.material3.NavigationBar
import androidx.compose.material3.NavigationBarItem
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

private enum class Tab(@param:StringRes val label: Int, @param:DrawableRes val icon: Int) {
    LIVE(R.string.tab_live, R.drawable.ic_live),
    STILL(R.string.tab_still, R.drawable.ic_photo),
    BENCHMARK(R.string.tab_benchmark, R.drawable.ic_benchmark),
    FEEDBACK(R.string.tab_feedback, R.drawable.ic_feedback),
    ABOUT(R.string.tab_about, R.drawable.ic_about),
}

/** The five screens; which one is open survives rotation and the death of the process. */
@Composable
fun DemoScreens(
    model: ModelViewModel = viewModel(),
    // Made when the app opens, because that deletes what is older than the user wants it kept.
    feedback: FeedbackViewModel = viewModel(),
) {
    var tab by rememberSaveable { mutableStateOf(Tab.LIVE) }
    Scaffold(bottomBar = { Tabs(tab) { tab = it } }) { padding ->
        Box(
            Modifier.fillMaxSize()
                .padding(padding)
                .consumeWindowInsets(padding)
                // A field that is written in stays above the keyboard.
                .imePadding(),
        ) {
            when (tab) {
                Tab.LIVE -> WithModel(model) { LiveScreen() }
                Tab.STILL -> WithModel(model) { StillScreen() }
                Tab.BENCHMARK -> WithModel(model) { BenchmarkScreen(it) }
                // What is kept can be seen and deleted without a model, too.
                Tab.FEEDBACK -> FeedbackScreen(feedback)
                Tab.ABOUT -> WithModel(model) { AboutScreen(it) }
            }
        }
    }
}

/** Shows [content] once there is a model; until then, or if there is none, why. */
@Composable
private fun WithModel(model: ModelViewModel, content: @Composable (LoadedModel) -> Unit) {
    val state by model.state.collectAsStateWithLifecycle()
    when (val now = state) {
        ModelState.Loading -> Waiting(stringResource(R.string.model_loading))
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

@Composable
private fun Tabs(open: Tab, onOpen: (Tab) -> Unit) {
    NavigationBar {
        for (tab in Tab.entries) {
            NavigationBarItem(
                selected = tab == open,
                onClick = { onOpen(tab) },
                // The label beside it says the same, so the icon says nothing aloud.
                icon = { Icon(painterResource(tab.icon), contentDescription = null) },
                label = { Text(stringResource(tab.label)) },
            )
        }
    }
}
