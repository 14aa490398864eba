package androidx.compose.ui.test

import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsPropertyKey
import androidx.compose.ui.unit.Density

@RequiresOptIn("This testing API is experimental and is likely to be changed or removed entirely")
annotation class ExperimentalTestApi

interface IdlingResource

interface MainTestClock

class SemanticsMatcher(val description: String, private val matcher: (SemanticsNode) -> Boolean) {
    fun matches(node: SemanticsNode): Boolean = matcher(node)

    infix fun and(other: SemanticsMatcher): SemanticsMatcher = error("stub")

    infix fun or(other: SemanticsMatcher): SemanticsMatcher = error("stub")

    operator fun not(): SemanticsMatcher = error("stub")

    companion object {
        fun <T> expectValue(key: SemanticsPropertyKey<T>, expectedValue: T): SemanticsMatcher = error("stub")

        fun <T> keyIsDefined(key: SemanticsPropertyKey<T>): SemanticsMatcher = error("stub")

        fun <T> keyNotDefined(key: SemanticsPropertyKey<T>): SemanticsMatcher = error("stub")
    }
}

class SemanticsNodeInteraction internal constructor() {
    fun fetchSemanticsNode(errorMessageOnFail: String? = null): SemanticsNode = error("stub")

    fun assertExists(errorMessageOnFail: String? = null): SemanticsNodeInteraction = error("stub")

    fun assertDoesNotExist(): Unit = error("stub")
}

class SemanticsNodeInteractionCollection internal constructor() {
    fun fetchSemanticsNodes(
        atLeastOneRootRequired: Boolean = true,
        errorMessageOnFail: String? = null,
    ): List<SemanticsNode> = error("stub")

    operator fun get(index: Int): SemanticsNodeInteraction = error("stub")
}

interface SemanticsNodeInteractionsProvider {
    fun onNode(matcher: SemanticsMatcher, useUnmergedTree: Boolean = false): SemanticsNodeInteraction

    fun onAllNodes(
        matcher: SemanticsMatcher,
        useUnmergedTree: Boolean = false,
    ): SemanticsNodeInteractionCollection
}

fun hasText(text: String, substring: Boolean = false, ignoreCase: Boolean = false): SemanticsMatcher =
    error("stub")

fun hasContentDescription(
    value: String,
    substring: Boolean = false,
    ignoreCase: Boolean = false,
): SemanticsMatcher = error("stub")

fun isSelectable(): SemanticsMatcher = error("stub")

fun isEnabled(): SemanticsMatcher = error("stub")

fun SemanticsNodeInteractionsProvider.onNodeWithText(
    text: String,
    substring: Boolean = false,
    ignoreCase: Boolean = false,
    useUnmergedTree: Boolean = false,
): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteractionsProvider.onNodeWithContentDescription(
    label: String,
    substring: Boolean = false,
    ignoreCase: Boolean = false,
    useUnmergedTree: Boolean = false,
): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.assertIsSelected(): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.assertIsDisplayed(): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.assertIsEnabled(): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.assertIsNotEnabled(): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.performClick(): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.performScrollTo(): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.performTextInput(text: String): Unit = error("stub")

interface InjectionScope : Density {
    val width: Int get() = error("stub")
    val height: Int get() = error("stub")
    val center: Offset get() = error("stub")
    val topLeft: Offset get() = error("stub")
}

interface TouchInjectionScope : InjectionScope

fun SemanticsNodeInteraction.performTouchInput(
    block: TouchInjectionScope.() -> Unit,
): SemanticsNodeInteraction = error("stub")

fun TouchInjectionScope.click(position: Offset = center): Unit = error("stub")

fun TouchInjectionScope.swipe(start: Offset, end: Offset, durationMillis: Long = 200): Unit = error("stub")
