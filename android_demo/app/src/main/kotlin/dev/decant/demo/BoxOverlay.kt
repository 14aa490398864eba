package dev.decant.demo

import androidx.compose.foundation.Canvas
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
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
import androidx.compose.ui.unit.dp
import dev.decant.core.FoundQuad
import dev.decant.core.ViewPlacement
import kotlin.math.roundToInt

private val BoxColour = Color(0xFFFFC107)
private const val MAX_SPOKEN = 5

/**
 * Draws an answer over the picture that it belongs to.
 *
 * The picture must fill the same space, centred, as a preview with FILL_CENTER does.
 */
@Composable
fun BoxOverlay(answer: Answer, modifier: Modifier = Modifier) {
    val spoken = spokenAnswer(answer.predictions)
    val measurer = rememberTextMeasurer()
    val style = MaterialTheme.typography.labelMedium.copy(color = Color.Black)
    Canvas(modifier.semantics { contentDescription = spoken }) {
        val photo = answer.width to answer.height
        val view = size.width.roundToInt() to size.height.roundToInt()
        val placement = ViewPlacement(photo, view, fills = true, mirrored = answer.mirrored)
        for (prediction in answer.predictions) {
            val corners = prediction.quad.corners.map { (x, y) ->
                Offset(placement.toViewX(x), placement.toViewY(y))
            }
            drawQuad(corners)
            val percent = (prediction.score * 100).toInt()
            drawTag("${prediction.label} $percent", corners.minBy { it.y }, measurer, style)
        }
    }
}

private fun DrawScope.drawQuad(corners: List<Offset>) {
    val path = Path()
    path.moveTo(corners[0].x, corners[0].y)
    for (corner in corners.drop(1)) path.lineTo(corner.x, corner.y)
    path.close()
    drawPath(path, BoxColour, style = Stroke(2.dp.toPx()))
}

private fun DrawScope.drawTag(text: String, at: Offset, measurer: TextMeasurer, style: TextStyle) {
    val layout = measurer.measure(text, style)
    val room = size.width - layout.size.width
    val left = at.x.coerceIn(0f, room.coerceAtLeast(0f))
    val top = (at.y - layout.size.height).coerceAtLeast(0f)
    drawRect(
        BoxColour,
        Offset(left, top),
        Size(
            layout.size.width.toFloat(),
            layout.size.height.toFloat(),
        ),
    )
    drawText(layout, topLeft = Offset(left, top))
}

/** What a screen reader says of an answer: how many, and the best few. */
@Composable
private fun spokenAnswer(predictions: List<FoundQuad>): String {
    if (predictions.isEmpty()) return stringResource(R.string.found_none)
    val resources = LocalResources.current
    val count = resources.getQuantityString(R.plurals.found, predictions.size, predictions.size)
    val best = predictions.take(MAX_SPOKEN).map { prediction ->
        val percent = (prediction.score * 100).toInt()
        resources.getString(R.string.found_item, prediction.label, percent)
    }
    return (listOf(count) + best).joinToString(". ")
}
