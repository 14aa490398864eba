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

fun SemanticsPropertyReceiver.heading(): Unit = error("stub")

fun Modifier.semantics(
    mergeDescendants: Boolean = false,
    properties: SemanticsPropertyReceiver.() -> Unit,
): Modifier = error("stub")
