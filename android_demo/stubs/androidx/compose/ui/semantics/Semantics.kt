package androidx.compose.ui.semantics

import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.text.AnnotatedString
import androidx.compose.ui.unit.IntSize

@DslMarker
annotation class SemanticsScopeMarker

class SemanticsPropertyKey<T>(
    val name: String,
    internal val mergePolicy: (T?, T) -> T? = { parent, child -> parent ?: child },
)

@SemanticsScopeMarker
interface SemanticsPropertyReceiver {
    operator fun <T> set(key: SemanticsPropertyKey<T>, value: T)
}

class SemanticsConfiguration {
    operator fun <T> get(key: SemanticsPropertyKey<T>): T = error("stub")

    fun <T> getOrElse(key: SemanticsPropertyKey<T>, defaultValue: () -> T): T = error("stub")

    operator fun <T> contains(key: SemanticsPropertyKey<T>): Boolean = error("stub")
}

fun <T> SemanticsConfiguration.getOrNull(key: SemanticsPropertyKey<T>): T? = error("stub")

class SemanticsNode internal constructor() {
    val id: Int get() = error("stub")
    val size: IntSize get() = error("stub")
    val boundsInRoot: Rect get() = error("stub")
    val config: SemanticsConfiguration get() = error("stub")
}

class AccessibilityAction<T : Function<Boolean>>(val label: String?, val action: T?)

class CustomAccessibilityAction(val label: String, val action: () -> Boolean)

object SemanticsActions {
    val OnClick: SemanticsPropertyKey<AccessibilityAction<() -> Boolean>> get() = error("stub")
    val CustomActions: SemanticsPropertyKey<List<CustomAccessibilityAction>> get() = error("stub")
}

object SemanticsProperties {
    val Text: SemanticsPropertyKey<List<AnnotatedString>> get() = error("stub")
    val ContentDescription: SemanticsPropertyKey<List<String>> get() = error("stub")
    val StateDescription: SemanticsPropertyKey<String> get() = error("stub")
}

@JvmInline
value class LiveRegionMode private constructor(private val value: Int) {
    companion object {
        val Polite: LiveRegionMode get() = error("stub")
        val Assertive: LiveRegionMode get() = error("stub")
    }
}

@JvmInline
value class Role private constructor(private val value: Int) {
    companion object {
        val Button: Role get() = error("stub")
        val Checkbox: Role get() = error("stub")
        val RadioButton: Role get() = error("stub")
        val Image: Role get() = error("stub")
    }
}

var SemanticsPropertyReceiver.contentDescription: String
    get() = error("stub")
    set(_) = error("stub")

var SemanticsPropertyReceiver.stateDescription: String
    get() = error("stub")
    set(_) = error("stub")

var SemanticsPropertyReceiver.liveRegion: LiveRegionMode
    get() = error("stub")
    set(_) = error("stub")

var SemanticsPropertyReceiver.role: Role
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

var SemanticsPropertyReceiver.customActions: List<CustomAccessibilityAction>
    get() = error("stub")
    set(_) = error("stub")

fun SemanticsPropertyReceiver.onClick(label: String? = null, action: (() -> Boolean)?): Unit = error("stub")

fun SemanticsPropertyReceiver.heading(): Unit = error("stub")

fun Modifier.semantics(
    mergeDescendants: Boolean = false,
    properties: SemanticsPropertyReceiver.() -> Unit,
): Modifier = error("stub")

fun Modifier.clearAndSetSemantics(properties: SemanticsPropertyReceiver.() -> Unit): Modifier = error("stub")
