package androidx.compose.foundation.layout

import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.Constraints
import androidx.compose.ui.unit.Density
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.IntOffset

object Arrangement {
    interface Horizontal

    interface Vertical

    interface HorizontalOrVertical : Horizontal, Vertical

    val Top: Vertical get() = error("stub")
    val Start: Horizontal get() = error("stub")

    fun spacedBy(space: Dp): HorizontalOrVertical = error("stub")

    fun spacedBy(space: Dp, alignment: Alignment.Vertical): Vertical = error("stub")
}

interface PaddingValues

interface BoxScope {
    fun Modifier.align(alignment: Alignment): Modifier
}

interface BoxWithConstraintsScope : BoxScope {
    val constraints: Constraints
}

interface ColumnScope

interface FlowRowScope

@Composable
fun Box(modifier: Modifier): Unit = error("stub")

@Composable
fun BoxWithConstraints(
    modifier: Modifier = Modifier,
    content: @Composable BoxWithConstraintsScope.() -> Unit,
): Unit = error("stub")

@Composable
inline fun Box(modifier: Modifier = Modifier, content: @Composable BoxScope.() -> Unit): Unit = error("stub")

@Composable
inline fun Column(
    modifier: Modifier = Modifier,
    verticalArrangement: Arrangement.Vertical = Arrangement.Top,
    horizontalAlignment: Alignment.Horizontal = Alignment.Start,
    content: @Composable ColumnScope.() -> Unit,
): Unit = error("stub")

@Composable
fun FlowRow(
    modifier: Modifier = Modifier,
    horizontalArrangement: Arrangement.Horizontal = error("stub"),
    content: @Composable FlowRowScope.() -> Unit,
): Unit = error("stub")

fun Modifier.fillMaxSize(): Modifier = error("stub")

fun Modifier.fillMaxWidth(): Modifier = error("stub")

fun Modifier.padding(all: Dp): Modifier = error("stub")

fun Modifier.padding(values: PaddingValues): Modifier = error("stub")

fun PaddingValues(all: Dp): PaddingValues = error("stub")

fun Modifier.size(size: Dp): Modifier = error("stub")

fun Modifier.size(width: Dp, height: Dp): Modifier = error("stub")

fun Modifier.offset(offset: Density.() -> IntOffset): Modifier = error("stub")

fun Modifier.consumeWindowInsets(values: PaddingValues): Modifier = error("stub")

fun Modifier.imePadding(): Modifier = error("stub")

fun Modifier.aspectRatio(ratio: Float): Modifier = error("stub")
