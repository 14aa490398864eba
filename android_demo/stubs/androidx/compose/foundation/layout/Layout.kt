package androidx.compose.foundation.layout

import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.Constraints
import androidx.compose.ui.unit.Density
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.DpSize
import androidx.compose.ui.unit.IntOffset

@DslMarker
annotation class LayoutScopeMarker

object Arrangement {
    interface Horizontal {
        val spacing: Dp get() = error("stub")
    }

    interface Vertical {
        val spacing: Dp get() = error("stub")
    }

    interface HorizontalOrVertical : Horizontal, Vertical {
        override val spacing: Dp get() = error("stub")
    }

    val Start: Horizontal get() = error("stub")
    val End: Horizontal get() = error("stub")
    val Top: Vertical get() = error("stub")
    val Bottom: Vertical get() = error("stub")
    val Center: HorizontalOrVertical get() = error("stub")
    val SpaceEvenly: HorizontalOrVertical get() = error("stub")
    val SpaceBetween: HorizontalOrVertical get() = error("stub")
    val SpaceAround: HorizontalOrVertical get() = error("stub")

    fun spacedBy(space: Dp): HorizontalOrVertical = error("stub")

    fun spacedBy(space: Dp, alignment: Alignment.Horizontal): Horizontal = error("stub")

    fun spacedBy(space: Dp, alignment: Alignment.Vertical): Vertical = error("stub")
}

interface PaddingValues

fun PaddingValues(all: Dp): PaddingValues = error("stub")

fun PaddingValues(horizontal: Dp = error("stub"), vertical: Dp = error("stub")): PaddingValues = error("stub")

fun PaddingValues(
    start: Dp = error("stub"),
    top: Dp = error("stub"),
    end: Dp = error("stub"),
    bottom: Dp = error("stub"),
): PaddingValues = error("stub")

interface WindowInsets {
    companion object
}

val WindowInsets.Companion.safeDrawing: WindowInsets
    @Composable get() = error("stub")

@LayoutScopeMarker
interface BoxScope {
    fun Modifier.align(alignment: Alignment): Modifier

    fun Modifier.matchParentSize(): Modifier
}

@LayoutScopeMarker
interface BoxWithConstraintsScope : BoxScope {
    val constraints: Constraints
    val minWidth: Dp
    val maxWidth: Dp
    val minHeight: Dp
    val maxHeight: Dp
}

@LayoutScopeMarker
interface ColumnScope {
    fun Modifier.weight(weight: Float, fill: Boolean = true): Modifier

    fun Modifier.align(alignment: Alignment.Horizontal): Modifier
}

@LayoutScopeMarker
interface RowScope {
    fun Modifier.weight(weight: Float, fill: Boolean = true): Modifier

    fun Modifier.align(alignment: Alignment.Vertical): Modifier
}

@LayoutScopeMarker
interface FlowRowScope : RowScope

@Composable
fun Box(modifier: Modifier): Unit = error("stub")

@Composable
inline fun Box(
    modifier: Modifier = Modifier,
    contentAlignment: Alignment = Alignment.TopStart,
    propagateMinConstraints: Boolean = false,
    content: @Composable BoxScope.() -> Unit,
): Unit = error("stub")

@Composable
fun BoxWithConstraints(
    modifier: Modifier = Modifier,
    contentAlignment: Alignment = Alignment.TopStart,
    propagateMinConstraints: Boolean = false,
    content: @Composable BoxWithConstraintsScope.() -> Unit,
): Unit = error("stub")

@Composable
inline fun Column(
    modifier: Modifier = Modifier,
    verticalArrangement: Arrangement.Vertical = Arrangement.Top,
    horizontalAlignment: Alignment.Horizontal = Alignment.Start,
    content: @Composable ColumnScope.() -> Unit,
): Unit = error("stub")

@Composable
inline fun Row(
    modifier: Modifier = Modifier,
    horizontalArrangement: Arrangement.Horizontal = Arrangement.Start,
    verticalAlignment: Alignment.Vertical = Alignment.Top,
    content: @Composable RowScope.() -> Unit,
): Unit = error("stub")

@Composable
fun FlowRow(
    modifier: Modifier = Modifier,
    horizontalArrangement: Arrangement.Horizontal = Arrangement.Start,
    verticalArrangement: Arrangement.Vertical = Arrangement.Top,
    itemVerticalAlignment: Alignment.Vertical = Alignment.Top,
    maxItemsInEachRow: Int = Int.MAX_VALUE,
    maxLines: Int = Int.MAX_VALUE,
    content: @Composable FlowRowScope.() -> Unit,
): Unit = error("stub")

@Composable
fun Spacer(modifier: Modifier): Unit = error("stub")

fun Modifier.fillMaxSize(fraction: Float = 1f): Modifier = error("stub")

fun Modifier.fillMaxWidth(fraction: Float = 1f): Modifier = error("stub")

fun Modifier.fillMaxHeight(fraction: Float = 1f): Modifier = error("stub")

fun Modifier.padding(all: Dp): Modifier = error("stub")

fun Modifier.padding(horizontal: Dp = error("stub"), vertical: Dp = error("stub")): Modifier = error("stub")

fun Modifier.padding(
    start: Dp = error("stub"),
    top: Dp = error("stub"),
    end: Dp = error("stub"),
    bottom: Dp = error("stub"),
): Modifier = error("stub")

fun Modifier.padding(paddingValues: PaddingValues): Modifier = error("stub")

fun Modifier.width(width: Dp): Modifier = error("stub")

fun Modifier.height(height: Dp): Modifier = error("stub")

fun Modifier.size(size: Dp): Modifier = error("stub")

fun Modifier.size(width: Dp, height: Dp): Modifier = error("stub")

fun Modifier.size(size: DpSize): Modifier = error("stub")

fun Modifier.widthIn(min: Dp = error("stub"), max: Dp = error("stub")): Modifier = error("stub")

fun Modifier.heightIn(min: Dp = error("stub"), max: Dp = error("stub")): Modifier = error("stub")

fun Modifier.offset(x: Dp = error("stub"), y: Dp = error("stub")): Modifier = error("stub")

fun Modifier.offset(offset: Density.() -> IntOffset): Modifier = error("stub")

fun Modifier.absoluteOffset(x: Dp = error("stub"), y: Dp = error("stub")): Modifier = error("stub")

fun Modifier.absoluteOffset(offset: Density.() -> IntOffset): Modifier = error("stub")

fun Modifier.consumeWindowInsets(insets: WindowInsets): Modifier = error("stub")

fun Modifier.consumeWindowInsets(paddingValues: PaddingValues): Modifier = error("stub")

fun Modifier.windowInsetsPadding(insets: WindowInsets): Modifier = error("stub")

fun Modifier.imePadding(): Modifier = error("stub")

fun Modifier.aspectRatio(ratio: Float, matchHeightConstraintsFirst: Boolean = false): Modifier = error("stub")
