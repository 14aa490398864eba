package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test

class AnswerEditTest {
    private val found = listOf(
        FoundQuad("formula", 0.9f, box(10f, 20f, 110f, 70f)),
        FoundQuad("table", 0.4f, box(30f, 30f, 60f, 60f)),
    )
    private val edit = AnswerEdit(found, size = 200 to 100)
    private val topLeft = Corner(box = 0, index = 0)

    private fun box(left: Float, top: Float, right: Float, bottom: Float) = Quad(
        listOf(listOf(left, top), listOf(right, top), listOf(right, bottom), listOf(left, bottom)),
    )

    private fun AnswerEdit.drawn(to: Point = Point(150f, 80f)) =
        draw("table", Point(120f, 10f), to, smallest = 8f)

    @Test
    fun anAnswerLeftAsItIsHasNoCorrections() {
        assertEquals(emptyList<Correction>(), edit.corrections(remark = " \n"))
        assertFalse(edit.canUndo)
        assertSame(edit, edit.undo())
    }

    @Test
    fun correctionsComeInTheOrderTheyWereMade() {
        val corrected = edit.delete(1).drawn().move(topLeft, Point(12f, 22f))
        val moved = Quad(found[0].quad.corners.toMutableList().also { it[0] = listOf(12f, 22f) })
        assertEquals(
            listOf(
                Correction.Delete(1),
                Correction.Add("table", box(120f, 10f, 150f, 80f)),
                Correction.Move(0, moved),
                Correction.Remark("too dark"),
            ),
            corrected.corrections(" too dark "),
        )
    }

    @Test
    fun boxesAreThePredictionsThatAreLeftAndWhatWasDrawn() {
        val boxes = edit.drawn().delete(0).boxes
        assertEquals(listOf(1, 2), boxes.map { it.id })
        assertEquals(listOf(0.4f, null), boxes.map { it.score })
    }

    @Test
    fun everyChangeCanBeUndone() {
        val states = listOf(edit, edit.drawn(), edit.drawn().delete(0), edit.drawn().delete(0).delete(2))
        val undone = generateSequence(states.last()) { if (it.canUndo) it.undo() else null }.toList()
        assertEquals(states.reversed().map { it.boxes }, undone.map { it.boxes })
    }

    @Test
    fun onlyTheLastPlaceOfABoxCounts() {
        val twice = edit.move(topLeft, Point(0f, 0f)).move(topLeft, Point(5f, 6f))
        assertEquals(Point(5f, 6f), twice.place(topLeft))
        assertEquals(1, twice.corrections().size)
        assertEquals(listOf(Correction.Delete(0)), twice.delete(0).corrections())
    }

    @Test
    fun aBoxBackInItsPlaceIsNoCorrection() {
        val back = edit.move(topLeft, Point(0f, 0f)).move(topLeft, Point(10f, 20f))
        assertEquals(emptyList<Correction>(), back.corrections())
        assertTrue(back.canUndo)
    }

    @Test
    fun aDrawnBoxThatIsMovedIsAddedThere() {
        val moved = edit.drawn().move(Corner(box = 2, index = 2), Point(160f, 90f))
        val quad = Quad(listOf(listOf(120f, 10f), listOf(150f, 10f), listOf(160f, 90f), listOf(120f, 80f)))
        assertEquals(listOf(Correction.Add("table", quad)), moved.corrections())
        assertEquals(emptyList<Correction>(), moved.delete(2).corrections())
    }

    @Test
    fun everyDrawnBoxHasAnIdOfItsOwn() {
        assertEquals(listOf(0, 1, 3, 4), edit.drawn().drawn().delete(2).drawn().boxes.map { it.id })
    }

    @Test
    fun cornersStayOnThePhoto() {
        assertEquals(Point(0f, 0f), edit.move(topLeft, Point(-5f, -1e9f)).place(topLeft))
        val last = Corner(box = 0, index = 2)
        assertEquals(Point(200f, 100f), edit.move(last, Point(1e9f, 101f)).place(last))
    }

    @Test
    fun aCornerDoesNotCrossTheBox() {
        assertSame(edit, edit.move(topLeft, Point(109f, 69f)))
        assertSame(edit, edit.move(topLeft, Point(150f, 90f)))
    }

    @Test
    fun aBoxThatTheModelGaveCrossedCanBeMended() {
        val crossed = Quad(found[0].quad.corners.let { listOf(it[0], it[2], it[1], it[3]) })
        val edit = AnswerEdit(listOf(found[0].copy(quad = crossed)), 200 to 100)
        assertEquals(Point(110f, 20f), edit.move(Corner(0, 1), Point(110f, 20f)).place(Corner(0, 1)))
    }

    @Test
    fun movingACornerToWhereItIsChangesNothing() {
        assertSame(edit, edit.move(topLeft, Point(10f, 20f)))
    }

    @Test
    fun drawsInAnyDirectionWithinThePhoto() {
        val drawn = edit.draw("formula", Point(250f, 90f), Point(150f, -3f), smallest = 8f)
        assertEquals(box(150f, 0f, 200f, 90f), drawn.boxes.last().quad)
    }

    @Test
    fun aTouchDrawsNothing() {
        assertSame(edit, edit.drawn(to = Point(127f, 80f)))
        assertSame(edit, edit.drawn(to = Point(150f, 17f)))
    }

    @Test
    fun drawsInTheMiddleForThoseWhoCannotDraw() {
        val quad = edit.drawInMiddle("formula").boxes.last().quad
        assertEquals(Quad(box(200 / 3f, 100 / 3f, 400 / 3f, 200 / 3f).corners), quad)
    }

    @Test
    fun theNearestCornerWithinReachIsFound() {
        assertEquals(Corner(0, 0), edit.cornerNear(Point(15f, 22f), reach = 10f, preferred = null))
        assertEquals(Corner(1, 0), edit.cornerNear(Point(25f, 28f), reach = 30f, preferred = null))
        assertEquals(Corner(0, 0), edit.cornerNear(Point(25f, 28f), reach = 30f, preferred = 0))
        assertNull(edit.cornerNear(Point(180f, 90f), reach = 10f, preferred = 0))
    }

    @Test
    fun theSmallestBoxAtAPlaceIsFound() {
        assertEquals(1, edit.boxAt(Point(40f, 40f)))
        assertEquals(0, edit.boxAt(Point(20f, 40f)))
        assertNull(edit.boxAt(Point(5f, 40f)))
    }

    @Test
    fun aLongRemarkIsCutBetweenCharacters() {
        val remark = edit.corrections("x".repeat(1999) + "\uD83D\uDE00").single()
        assertEquals(Correction.Remark("x".repeat(1999)), remark)
    }
}
