package androidx.compose.ui.semantics

import androidx.compose.ui.Modifier

interface SemanticsPropertyReceiver

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
