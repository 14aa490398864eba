package refused

import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.RowScope
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.material3.NavigationBarItem
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.Path
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.graphics.drawscope.Stroke
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.text.TextLayoutResult
import androidx.compose.ui.text.drawText
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.IntOffset
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.LifecyclePauseOrDisposeEffectResult
import androidx.lifecycle.compose.LifecycleResumePauseEffectScope

fun DrawScope.line(path: Path) = drawPath(path, Color.Black, Stroke(1f)) // refused 14: the third is alpha

fun DrawScope.tag(layout: TextLayoutResult) = drawText(layout, Offset(0f, 0f)) // refused 15: the second is color

@Composable
fun Title() = Text("title", Modifier, Color.Black, FontWeight.Bold) // refused 16: the fourth is autoSize

@Composable
fun Ground() = Surface(Modifier, Color.Black) {} // refused 17: the second is shape

@Composable
fun Rows() = LazyColumn(Modifier, PaddingValues(1.dp)) {} // refused 19: the second is state

@Composable
fun RowScope.Tab() = NavigationBarItem(true, {}, {}, {}) // refused 20: the fourth is modifier

@Composable
fun Picture(bitmap: ImageBitmap) =
    Image(bitmap, null, Modifier, ContentScale.Crop) // refused 21: the fourth is alignment

fun LifecycleResumePauseEffectScope.leave(action: () -> Unit): LifecyclePauseOrDisposeEffectResult =
    onPauseOrDispose(action) // refused 23: the action gets the owner

fun same(one: Color, other: Color) = one === other // refused 26

fun same(one: Offset, other: Offset) = one === other // refused 27

fun same(one: Size, other: Size) = one === other // refused 28

fun same(one: IntOffset, other: IntOffset) = one === other // refused 29

fun same(one: Dp, other: Dp) = one === other // refused 30

fun same(one: LiveRegionMode, other: LiveRegionMode) = one === other // refused 31

fun same(one: TextAlign, other: TextAlign) = one === other // refused 32
