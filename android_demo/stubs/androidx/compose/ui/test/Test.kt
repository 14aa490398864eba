package androidx.compose.ui.test

import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.semantics.SemanticsConfiguration
import androidx.compose.ui.semantics.SemanticsPropertyKey

class SemanticsNode {
    val config: SemanticsConfiguration get() = error("stub")
}

class SemanticsMatcher(val description: String, private val matcher: (SemanticsNode) -> Boolean) {
    infix fun and(other: SemanticsMatcher): SemanticsMatcher = error("stub")

    companion object {
        fun <T> keyIsDefined(key: SemanticsPropertyKey<T>): SemanticsMatcher = error("stub")
    }
}

class SemanticsNodeInteraction {
    fun fetchSemanticsNode(errorMessageOnFail: String? = null): SemanticsNode = error("stub")

    fun assertExists(errorMessageOnFail: String? = null): SemanticsNodeInteraction = error("stub")
}

class SemanticsNodeInteractionCollection {
    fun fetchSemanticsNodes(atLeastOneRootRequired: Boolean = true): List<SemanticsNode> =
        error("stub")
}

interface SemanticsNodeInteractionsProvider {
    fun onNode(matcher: SemanticsMatcher, useUnmergedTree: Boolean = false): SemanticsNodeInteraction

    fun onAllNodes(
        matcher: SemanticsMatcher,
        useUnmergedTree: Boolean = false,
    ): SemanticsNodeInteractionCollection
}

fun hasText(text: String, substring: Boolean = false): SemanticsMatcher = error("stub")

fun hasContentDescription(value: String, substring: Boolean = false): SemanticsMatcher =
    error("stub")

fun isSelectable(): SemanticsMatcher = error("stub")

fun SemanticsNodeInteractionsProvider.onNodeWithText(
    text: String,
    substring: Boolean = false,
): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.assertIsSelected(): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.performClick(): SemanticsNodeInteraction = error("stub")

fun SemanticsNodeInteraction.performScrollTo(): SemanticsNodeInteraction = error("stub")

interface TouchInjectionScope {
    val width: Int
    val height: Int
}

fun SemanticsNodeInteraction.performTouchInput(
    block: TouchInjectionScope.() -> Unit,
): SemanticsNodeInteraction = error("stub")

fun TouchInjectionScope.click(position: Offset): Unit = error("stub")
