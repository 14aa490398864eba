package dev.decant.demo

import androidx.compose.foundation.Canvas
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.Path
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.graphics.drawscope.Stroke
import androidx.compose.ui.platform.LocalResources
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextMeasurer
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.drawText
import androidx.compose.ui.text.rememberTextMeasurer
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import dev.decant.core.Extent
import dev.decant.core.FoundQuad
import dev.decant.core.Point
import dev.decant.core.Quad
import dev.decant.core.ViewPlacement
import dev.decant.core.tagPlace
import kotlin.math.roundToInt

val BoxColour = Color(0xFFFFC107)
private const val MAX_SPOKEN = 5

/**
 * Draws an answer over the picture that it belongs to.
 *
 * The picture must fill the same space, centred, as a preview with FILL_CENTER does.
 */
@Composable
fun BoxOverlay(answer: Answer, modifier: Modifier = Modifier) {
    val spoken = spokenAnswer(answer.predictions)
    val pen = rememberBoxPen()
    Canvas(modifier.semantics { contentDescription = spoken }) {
        val photo = answer.width to answer.height
        val view = size.width.roundToInt() to size.height.roundToInt()
        val (turn, mirrored) = answer.shown
        val placement = ViewPlacement(turn.size(photo), view, fills = true, mirrored)
        for (prediction in answer.predictions) {
            val corners = placement.toView(turn.quad(prediction.quad, photo))
            pen.draw(this, corners, boxTag(prediction.label, prediction.score))
        }
    }
}

/** The corners of a box on the screen. */
fun ViewPlacement.toView(quad: Quad): List<Offset> =
    quad.corners.map { (x, y) -> Offset(toViewX(x), toViewY(y)) }

/** What stands at a box. */
fun boxTag(label: String, score: Float?): String =
    if (score == null) label else "$label ${percent(score)}"

fun percent(score: Float): Int = (score * 100).toInt()

@Composable
fun rememberBoxPen(): BoxPen {
    val measurer = rememberTextMeasurer()
    val style = MaterialTheme.typography.labelMedium.copy(color = Color.Black)
    return remember(measurer, style) { BoxPen(measurer, style) }
}

/** Draws boxes with what they are. */
class BoxPen(private val measurer: TextMeasurer, private val style: TextStyle) {
    fun draw(on: DrawScope, corners: List<Offset>, tag: String, width: Dp = 2.dp) = with(on) {
        drawQuad(corners, width)
        drawTag(tag, corners)
    }

    private fun DrawScope.drawQuad(corners: List<Offset>, width: Dp) {
        val path = Path()
        path.moveTo(corners[0].x, corners[0].y)
        for (corner in corners.drop(1)) path.lineTo(corner.x, corner.y)
        path.close()
        drawPath(path = path, color = BoxColour, style = Stroke(width.toPx()))
    }

    private fun DrawScope.drawTag(text: String, corners: List<Offset>) {
        val layout = measurer.measure(text = text, style = style)
        val extent = Size(layout.size.width.toFloat(), layout.size.height.toFloat())
        val place = tagPlace(
            corners.map { Point(it.x, it.y) },
            Extent(extent.width, extent.height),
            Extent(size.width, size.height),
        )
        val topLeft = Offset(place.x, place.y)
        drawRect(color = BoxColour, topLeft = topLeft, size = extent)
        drawText(textLayoutResult = layout, topLeft = topLeft)
    }
}

/** What a screen reader says of an answer: how many, and the best few. */
@Composable
private fun spokenAnswer(predictions: List<FoundQuad>): String {
    if (predictions.isEmpty()) return stringResource(R.string.found_none)
    val resources = LocalResources.current
    val count = resources.getQuantityString(R.plurals.found, predictions.size, predictions.size)
    val best = predictions.take(MAX_SPOKEN).map {
        resources.getString(R.string.found_item, it.label, percent(it.score))
    }
    return (listOf(count) + best).joinToString(". ")
}
