package dev.decant.demo

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.absoluteOffset
import androidx.compose.foundation.layout.size
import androidx.compose.runtime.Composable
import androidx.compose.runtime.key
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.CustomAccessibilityAction
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.customActions
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.onClick
import androidx.compose.ui.semantics.selected
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.semantics.traversalIndex
import androidx.compose.ui.unit.Density
import androidx.compose.ui.unit.IntOffset
import androidx.compose.ui.unit.dp
import dev.decant.core.Corner
import dev.decant.core.EditableBox
import dev.decant.core.Point
import dev.decant.core.ViewPlacement
import kotlin.math.roundToInt

private val HANDLE = 48.dp
private const val CORNERS = 4

// Shares of the longer side of the photo.
private const val STEP = 0.005f
private const val LEAP = 0.05f

private val CORNER_NAMES = listOf(
    R.string.edit_corner_top_left,
    R.string.edit_corner_top_right,
    R.string.edit_corner_bottom_right,
    R.string.edit_corner_bottom_left,
)

private class Nudge(val label: Int, val right: Float, val down: Float)

private val NUDGES = listOf(
    Nudge(R.string.edit_left, -STEP, 0f),
    Nudge(R.string.edit_right, STEP, 0f),
    Nudge(R.string.edit_up, 0f, -STEP),
    Nudge(R.string.edit_down, 0f, STEP),
    Nudge(R.string.edit_far_left, -LEAP, 0f),
    Nudge(R.string.edit_far_right, LEAP, 0f),
    Nudge(R.string.edit_far_up, 0f, -LEAP),
    Nudge(R.string.edit_far_down, 0f, LEAP),
)

/**
 * The boxes and their corners as a screen reader finds them, each with what can be done to it.
 *
 * They take no touches: those are for the photo below, which looks for the nearest corner.
 */
@Composable
fun BoxHandles(editor: AnswerEditor, state: EditorState, placement: ViewPlacement) {
    val density = LocalDensity.current
    val boxes = state.edit.boxes
    boxes.forEachIndexed { index, box ->
        key(box.id) {
            val name = stringResource(R.string.edit_box, index + 1, boxes.size)
            val order = 1f + index * (CORNERS + 1)
            val corners = placement.toView(box.quad)
            val isSelected = box.id == state.selected
            BoxHandle(editor, box, isSelected, Stop(name, order, density.at(bounds(corners))))
            for (corner in 0 until CORNERS) {
                val place = density.at(density.around(corners[corner]))
                CornerHandle(editor, box, corner, isSelected, Stop(name, order + corner + 1, place))
            }
        }
    }
}

/** Where a screen reader stops, in which order, and the name of the box that it is at. */
private class Stop(val box: String, val order: Float, val place: Modifier)

@Composable
private fun BoxHandle(editor: AnswerEditor, box: EditableBox, isSelected: Boolean, stop: Stop) {
    val score = box.score
    val what =
        if (score == null) stringResource(R.string.edit_box_drawn, box.label)
        else stringResource(R.string.found_item, box.label, percent(score))
    val select = stringResource(R.string.edit_select)
    val delete = stringResource(R.string.edit_delete)
    Box(
        stop.place.semantics {
            contentDescription = "${stop.box}: $what"
            traversalIndex = stop.order
            selected = isSelected
            onClick(select) {
                editor.select(box.id)
                true
            }
            customActions = listOf(
                CustomAccessibilityAction(delete) {
                    editor.delete(box.id)
                    true
                },
            )
        },
    )
}

@Composable
private fun CornerHandle(
    editor: AnswerEditor,
    box: EditableBox,
    index: Int,
    isSelected: Boolean,
    stop: Stop,
) {
    val (x, y) = box.quad.corners[index]
    val name = stringResource(CORNER_NAMES[index])
    val description =
        stringResource(R.string.edit_corner, stop.box, name, x.roundToInt(), y.roundToInt())
    val actions = NUDGES.map { nudge ->
        CustomAccessibilityAction(stringResource(nudge.label)) {
            editor.nudge(Corner(box.id, index), nudge)
        }
    }
    Box(
        stop.place.semantics {
            contentDescription = description
            traversalIndex = stop.order
            // Says where a corner is after it was moved, which selects its box.
            if (isSelected) liveRegion = LiveRegionMode.Polite
            customActions = actions
        },
    )
}

/** Moves a corner; false where it cannot go there. */
private fun AnswerEditor.nudge(corner: Corner, nudge: Nudge): Boolean {
    val before = state.value.edit
    if (before.boxes.none { it.id == corner.box }) return false
    select(corner.box)
    val longer = maxOf(answered.answer.width, answered.answer.height)
    val from = before.place(corner)
    change { it.move(corner, Point(from.x + nudge.right * longer, from.y + nudge.down * longer)) }
    return state.value.edit !== before
}

private fun bounds(corners: List<Offset>) = Rect(
    corners.minOf { it.x },
    corners.minOf { it.y },
    corners.maxOf { it.x },
    corners.maxOf { it.y },
)

private fun Density.around(at: Offset): Rect {
    val half = HANDLE.toPx() / 2
    return Rect(at.x - half, at.y - half, at.x + half, at.y + half)
}

/** Puts a child of a box that aligns by the top left there, wherever text begins. */
private fun Density.at(place: Rect): Modifier =
    Modifier.absoluteOffset { IntOffset(place.left.roundToInt(), place.top.roundToInt()) }
        .size(place.width.toDp(), place.height.toDp())
