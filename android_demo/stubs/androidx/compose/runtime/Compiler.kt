package androidx.compose.runtime

// What the Compose compiler's plugin looks for in the runtime, so that it can check the screens.

object ComposeVersion {
    const val version: Int = 100_000
}

interface ScopeUpdateScope {
    fun updateScope(block: (Composer, Int) -> Unit)
}

interface Composer {
    val skipping: Boolean
    val defaultsInvalid: Boolean
    val currentMarker: Int

    fun startReplaceableGroup(key: Int)

    fun endReplaceableGroup()

    fun startReplaceGroup(key: Int)

    fun endReplaceGroup()

    fun startMovableGroup(key: Int, dataKey: Any?)

    fun endMovableGroup()

    fun startDefaults()

    fun endDefaults()

    fun startRestartGroup(key: Int): Composer

    fun endRestartGroup(): ScopeUpdateScope?

    fun shouldExecute(parametersChanged: Boolean, flags: Int): Boolean

    fun endToMarker(marker: Int)

    fun skipToGroupEnd()

    fun joinKey(left: Any?, right: Any?): Any

    fun rememberedValue(): Any?

    fun updateRememberedValue(value: Any?)

    fun changed(value: Any?): Boolean

    fun changedInstance(value: Any?): Boolean = changed(value)

    fun changed(value: Boolean): Boolean = changed(value)

    fun changed(value: Char): Boolean = changed(value)

    fun changed(value: Byte): Boolean = changed(value)

    fun changed(value: Short): Boolean = changed(value)

    fun changed(value: Int): Boolean = changed(value)

    fun changed(value: Float): Boolean = changed(value)

    fun changed(value: Long): Boolean = changed(value)

    fun changed(value: Double): Boolean = changed(value)

    companion object {
        val Empty: Any get() = error("stub")
    }
}

val currentComposer: Composer
    @ReadOnlyComposable @Composable get() = error("stub")

inline fun <T> Composer.cache(invalid: Boolean, block: () -> T): T = block()

fun sourceInformation(composer: Composer, sourceInformation: String): Unit = error("stub")

fun sourceInformationMarkerStart(composer: Composer, key: Int, sourceInformation: String): Unit =
    error("stub")

fun sourceInformationMarkerEnd(composer: Composer): Unit = error("stub")

fun isTraceInProgress(): Boolean = error("stub")

fun traceEventStart(key: Int, dirty1: Int, dirty2: Int, info: String): Unit = error("stub")

fun traceEventEnd(): Unit = error("stub")

fun updateChangedFlags(flags: Int): Int = error("stub")

annotation class ReadOnlyComposable

@Target(AnnotationTarget.TYPE)
annotation class DisallowComposableCalls

annotation class NonRestartableComposable

annotation class NonSkippableComposable

annotation class ExplicitGroupsComposable

annotation class DontMemoize

annotation class StableMarker

annotation class Stable

annotation class Immutable

annotation class NoLiveLiterals

annotation class ComposableTarget(val applier: String)

annotation class ComposableOpenTarget(val index: Int)

annotation class ComposableInferredTarget(val scheme: String)

annotation class ComposableTargetMarker(val description: String = "")
