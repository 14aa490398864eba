package androidx.compose.foundation

import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.layout.ContentScale

@Composable
fun isSystemInDarkTheme(): Boolean = error("stub")

class ScrollState

@Composable
fun rememberScrollState(): ScrollState = error("stub")

fun Modifier.verticalScroll(state: ScrollState): Modifier = error("stub")

@Composable
fun Canvas(modifier: Modifier, onDraw: DrawScope.() -> Unit): Unit = error("stub")

@Composable
fun Image(
    bitmap: ImageBitmap,
    contentDescription: String?,
    modifier: Modifier = Modifier,
    contentScale: ContentScale = ContentScale.FillBounds,
): Unit = error("stub")
