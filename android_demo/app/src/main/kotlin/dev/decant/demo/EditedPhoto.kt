package dev.decant.demo

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.Image
import androidx.compose.foundation.gestures.awaitEachGesture
import androidx.compose.foundation.gestures.awaitFirstDown
import androidx.compose.foundation.gestures.awaitTouchSlopOrCancellation
import androidx.compose.foundation.gestures.drag
import androidx.compose.foundation.gestures.waitForUpOrCancellation
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.AbsoluteAlignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.input.pointer.PointerInputChange
import androidx.compose.ui.input.pointer.PointerInputScope
import androidx.compose.ui.input.pointer.pointerInput
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.isTraversalGroup
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import dev.decant.core.AnswerEdit
import dev.decant.core.Point
import dev.decant.core.ViewPlacement

private val REACH = 24.dp

/** The photo with its boxes: a touch selects a box, a drag moves a corner or draws a box. */
@Composable
fun EditedPhoto(editor: AnswerEditor, state: EditorState) {
    val answer = editor.answered.answer
    val photo = answer.width to answer.height
    // What a drag would make of the answer, until the finger is lifted.
    var preview by remember(editor) { mutableStateOf<AnswerEdit?>(null) }
    val pen = rememberBoxPen()
    BoxWithConstraints(
        Modifier.aspectRatio(answer.width.toFloat() / answer.height)
            .semantics { isTraversalGroup = true },
        // A photo's left stays left where text runs from the right.
        contentAlignment = AbsoluteAlignment.TopLeft,
    ) {
        val view = constraints.maxWidth to constraints.maxHeight
        val placement = remember(photo, view) { ViewPlacement(photo, view, fills = false) }
        Image(
            bitmap = remember(editor) { editor.answered.photo.asImageBitmap() },
            contentDescription = stringResource(R.string.edit_photo),
            modifier = Modifier.fillMaxSize(),
            contentScale = ContentScale.FillBounds,
        )
        Canvas(
            Modifier.fillMaxSize().pointerInput(editor, placement) {
                correct(editor, placement) { preview = it }
            },
        ) {
            drawBoxes(preview ?: state.edit, state.selected, placement, pen)
        }
        BoxHandles(editor, state, placement)
    }
}

private fun DrawScope.drawBoxes(
    edit: AnswerEdit,
    selected: Int?,
    placement: ViewPlacement,
    pen: BoxPen,
) {
    for (box in edit.boxes) {
        val isSelected = box.id == selected
        val corners = placement.toView(box.quad)
        pen.draw(this, corners, boxTag(box.label, box.score), if (isSelected) 4.dp else 2.dp)
        val radius = if (isSelected) 8.dp else 5.dp
        for (corner in corners) {
            drawCircle(color = BoxColour, radius = radius.toPx(), center = corner)
        }
    }
}

/**
 * Handles touches until it is cancelled; where none corrects anything the page scrolls.
 *
 * A finger that hardly moves touches: it selects, and corrects nothing.
 */
private suspend fun PointerInputScope.correct(
    editor: AnswerEditor,
    placement: ViewPlacement,
    onPreview: (AnswerEdit?) -> Unit,
) = awaitEachGesture {
    val down = awaitFirstDown()
    val from = placement.toPhoto(down.position)
    val before = editor.state.value.edit
    val dragged = editor.draggedFrom(from, REACH.toPx() / placement.scale)
    if (dragged == null) {
        if (waitForUpOrCancellation() != null) editor.select(before.boxAt(from))
        return@awaitEachGesture
    }
    var last = before
    fun follow(change: PointerInputChange) {
        val next = dragged(placement.toPhoto(change.position))
        // Where the core refuses a place, the corner waits at the last one that it took.
        if (next !== before) last = next
        onPreview(last)
        change.consume()
    }
    try {
        val begun = awaitTouchSlopOrCancellation(down.id) { change, _ -> follow(change) }
        val lifted = begun != null && drag(begun.id, ::follow)
        if (lifted && last !== before) editor.change { last }
    } finally {
        onPreview(null)
    }
}

/** What a drag from [from] to a place makes of the answer; null if it corrects nothing. */
private fun AnswerEditor.draggedFrom(from: Point, reach: Float): ((Point) -> AnswerEdit)? {
    val now = state.value
    if (!now.isOpen) return null
    if (now.drawing) return { to -> now.edit.draw(now.label, from, to, smallest = reach / 2) }
    val corner = now.edit.cornerNear(from, reach, now.selected) ?: return null
    val start = now.edit.place(corner)
    select(corner.box)
    return { to -> now.edit.move(corner, Point(start.x + to.x - from.x, start.y + to.y - from.y)) }
}

private fun ViewPlacement.toPhoto(at: Offset) = Point(toPhotoX(at.x), toPhotoY(at.y))
