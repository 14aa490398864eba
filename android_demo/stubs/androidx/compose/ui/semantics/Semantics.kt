package androidx.compose.ui.semantics

import androidx.compose.ui.Modifier
import androidx.compose.ui.text.AnnotatedString

interface SemanticsPropertyReceiver

class SemanticsPropertyKey<T>

class SemanticsConfiguration {
    operator fun <T> get(key: SemanticsPropertyKey<T>): T = error("stub")
}

fun <T> SemanticsConfiguration.getOrNull(key: SemanticsPropertyKey<T>): T? = error("stub")

class AccessibilityAction<T : Function<Boolean>>(val label: String?, val action: T?)

object SemanticsActions {
    val OnClick: SemanticsPropertyKey<AccessibilityAction<() -> Boolean>> get() = error("stub")
    val CustomActions: SemanticsPropertyKey<List<CustomAccessibilityAction>> get() = error("stub")
}

object SemanticsProperties {
    val Text: SemanticsPropertyKey<List<AnnotatedString>> get() = error("stub")
    val ContentDescription: SemanticsPropertyKey<List<String>> get() = error("stub")
}

class LiveRegionMode {
    companion object {
        val Polite: LiveRegionMode get() = error("stub")
    }
}

var SemanticsPropertyReceiver.contentDescription: String
    get() = error("stub")
    set(_) = error("stub")

var SemanticsPropertyReceiver.liveRegion: LiveRegionMode
    get() = error("stub")
    set(_) = error("stub")

var SemanticsPropertyReceiver.selected: Boolean
    get() = error("stub")
    set(_) = error("stub")

var SemanticsPropertyReceiver.isTraversalGroup: Boolean
    get() = error("stub")
    set(_) = error("stub")

var SemanticsPropertyReceiver.traversalIndex: Float
    get() = error("stub")
    set(_) = error("stub")

class CustomAccessibilityAction(val label: String, val action: () -> Boolean)

var SemanticsPropertyReceiver.customActions: List<CustomAccessibilityAction>
    get() = error("stub")
    set(_) = error("stub")

fun SemanticsPropertyReceiver.onClick(label: String? = null, action: (() -> Boolean)?): Unit =
    error("stub")

fun SemanticsPropertyReceiver.heading(): Unit = error("stub")

fun Modifier.semantics(
    mergeDescendants: Boolean = false,
    properties: SemanticsPropertyReceiver.() -> Unit,
): Modifier = error("stub")
