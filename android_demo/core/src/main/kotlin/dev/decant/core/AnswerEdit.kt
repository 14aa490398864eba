package dev.decant.core

import kotlin.math.abs
import kotlin.math.hypot

/** A place on the upright photo, in its pixels. */
data class Point(val x: Float, val y: Float)

/**
 * A box as the user sees it.
 *
 * @property id number of the prediction, or a greater one if the user drew the box.
 * @property score of the prediction; null if the user drew the box.
 */
data class EditableBox(val id: Int, val label: String, val score: Float?, val quad: Quad)

/** Corner [index] of the box [box]: top-left, top-right, bottom-right, bottom-left. */
data class Corner(val box: Int, val index: Int)

/** An answer and what the user has corrected of it so far; every change gives a new one. */
class AnswerEdit private constructor(
    private val predictions: List<FoundQuad>,
    private val size: Pair<Int, Int>,
    private val changes: List<Change>,
    private val before: AnswerEdit?,
) {
    /** The last correction of a box. */
    private class Change(val box: Int, val correction: Correction)

    /** Starts with an answer as the model gave it, of a photo of [size] (width, height). */
    constructor(predictions: List<FoundQuad>, size: Pair<Int, Int>) :
        this(predictions, size, emptyList(), null)

    /** Predictions that were not deleted, best first, then what was drawn. */
    val boxes: List<EditableBox> = kept() + drawn()

    val canUndo: Boolean get() = before != null

    /** This without its last change. */
    fun undo(): AnswerEdit = before ?: this

    /** What the user said, as a feedback record has it; [remark] may be blank. */
    fun corrections(remark: String = ""): List<Correction> {
        val text = remark.trim().cut(LONGEST_REMARK)
        return changes.map { it.correction } + listOf(text).filter { it.isNotEmpty() }.map(Correction::Remark)
    }

    fun delete(box: Int): AnswerEdit =
        changed(box, Correction.Delete(box).takeIf { box in predictions.indices })

    /**
     * Moves a corner, within the photo.
     *
     * Where the box would no longer be convex nothing happens; crossing sides enclose nothing.
     */
    fun move(corner: Corner, to: Point): AnswerEdit {
        val box = boxes.first { it.id == corner.box }
        val corners = box.quad.corners.toMutableList().also { it[corner.index] = inside(to).toList() }
        val quad = Quad(corners)
        if (quad == box.quad || isConvex(box.quad) && !isConvex(quad)) return this
        return changed(box.id, moved(box, quad))
    }

    /** Adds an upright box between two opposite corners; nothing if a side is under [smallest] pixels. */
    fun draw(label: String, from: Point, to: Point, smallest: Float): AnswerEdit {
        val (left, right) = listOf(inside(from).x, inside(to).x).sorted()
        val (top, bottom) = listOf(inside(from).y, inside(to).y).sorted()
        if (right - left < smallest || bottom - top < smallest) return this
        val quad = Quad(
            listOf(listOf(left, top), listOf(right, top), listOf(right, bottom), listOf(left, bottom)),
        )
        return changed(nextId(), Correction.Add(label, quad))
    }

    /** Adds a box a third as wide and high as the photo in its middle, for those who cannot draw. */
    fun drawInMiddle(label: String): AnswerEdit {
        val (width, height) = size.first / 3f to size.second / 3f
        return draw(label, Point(width, height), Point(2 * width, 2 * height), smallest = 0f)
    }

    fun place(corner: Corner): Point =
        boxes.first { it.id == corner.box }.quad.corners[corner.index].let { (x, y) -> Point(x, y) }

    /** The corner nearest to [at] within [reach] pixels, of the box [preferred] if it has one there. */
    fun cornerNear(at: Point, reach: Float, preferred: Int?): Corner? {
        fun distance(corner: Corner) = place(corner).let { hypot(it.x - at.x, it.y - at.y) }
        return boxes.flatMap { box -> List(4) { Corner(box.id, it) } }
            .filter { distance(it) <= reach }
            .minWithOrNull(compareBy({ it.box != preferred }, ::distance))
    }

    /** The smallest box that [at] lies in, if any. */
    fun boxAt(at: Point): Int? =
        boxes.filter { contains(it.quad, at) }.minByOrNull { area(it.quad) }?.id

    private fun kept() = predictions.mapIndexedNotNull { id, found ->
        when (val correction = changes.firstOrNull { it.box == id }?.correction) {
            null -> EditableBox(id, found.label, found.score, found.quad)
            is Correction.Move -> EditableBox(id, found.label, found.score, correction.quad)
            else -> null
        }
    }

    private fun drawn() = changes.mapNotNull { change ->
        (change.correction as? Correction.Add)?.let { EditableBox(change.box, it.label, null, it.quad) }
    }

    /** The correction of a box that now lies at [quad]; null if that is where the model has it. */
    private fun moved(box: EditableBox, quad: Quad): Correction? = when {
        box.score == null -> Correction.Add(box.label, quad)
        quad == predictions[box.id].quad -> null
        else -> Correction.Move(box.id, quad)
    }

    private fun changed(box: Int, correction: Correction?): AnswerEdit {
        val others = changes.filter { it.box != box }
        val all = if (correction == null) others else others + Change(box, correction)
        return AnswerEdit(predictions, size, all, before = this)
    }

    private fun nextId() = maxOf(predictions.size, (changes.maxOfOrNull { it.box } ?: 0) + 1)

    private fun inside(point: Point) = Point(
        point.x.coerceIn(0f, size.first.toFloat()),
        point.y.coerceIn(0f, size.second.toFloat()),
    )

    private fun Point.toList() = listOf(x, y)

    companion object {
        /** Chars of a remark, as Correction.Remark has it; what is longer is cut. */
        const val LONGEST_REMARK = 2000
    }
}

/** The first [longest] chars; a character of two chars is not cut in half. */
private fun String.cut(longest: Int): String = when {
    length <= longest -> this
    this[longest - 1].isHighSurrogate() -> take(longest - 1)
    else -> take(longest)
}

private fun edges(quad: Quad) = quad.corners.zip(quad.corners.drop(1) + quad.corners.take(1))

/** Whether all corners turn the same way. */
private fun isConvex(quad: Quad): Boolean {
    val sides = edges(quad).map { (from, to) -> to[0] - from[0] to to[1] - from[1] }
    val turns = sides.zip(sides.drop(1) + sides.take(1)) { (ax, ay), (bx, by) -> ax * by - ay * bx }
    return turns.all { it > 0 } || turns.all { it < 0 }
}

private fun area(quad: Quad): Float =
    abs(edges(quad).sumOf { (from, to) -> (from[0] * to[1] - to[0] * from[1]).toDouble() }.toFloat()) / 2

/** Whether a ray from the point to the right crosses an odd number of sides. */
private fun contains(quad: Quad, point: Point): Boolean = edges(quad).count { (from, to) ->
    (from[1] > point.y) != (to[1] > point.y) &&
        point.x < from[0] + (point.y - from[1]) * (to[0] - from[0]) / (to[1] - from[1])
} % 2 == 1
