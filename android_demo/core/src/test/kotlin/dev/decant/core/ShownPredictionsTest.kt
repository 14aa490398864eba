package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class ShownPredictionsTest {
    private val rule = QuadGridRule(
        strides = listOf(8),
        scoreThreshold = 0.05,
        displayThreshold = 0.5,
        nmsIou = 0.6,
        maxCandidates = 10,
        maxDetections = 10,
    )

    private fun detections(vararg scores: Float) = Detections(scores.size).apply {
        count = scores.size
        scores.copyInto(this.scores)
        for (i in quads.indices) quads[i] = i.toFloat()
        labels[0] = 1
    }

    @Test
    fun showsFromTheDisplayThresholdOn() {
        val shown = detections(0.9f, 0.5f, 0.4999f, 0.06f).shown(rule, listOf("page", "card"))
        assertEquals(listOf("card" to 0.9f, "page" to 0.5f), shown.map { it.label to it.score })
        assertEquals(
            listOf(listOf(8f, 9f), listOf(10f, 11f), listOf(12f, 13f), listOf(14f, 15f)),
            shown[1].quad.corners,
        )
    }

    @Test
    fun showsFromTheThresholdOnThatTheUserSets() {
        val found = detections(0.9f, 0.5f, 0.06f)
        fun scores(threshold: Double) = found.shown(rule, listOf("page", "card"), threshold).map { it.score }
        assertEquals(listOf(0.9f, 0.5f, 0.06f), scores(0.05))
        assertEquals(listOf(0.9f), scores(0.51))
    }

    @Test
    fun aThresholdIsSetBetweenWhatTheModelDropsAndWhatIsNearlyCertain() {
        assertEquals(0.05..0.99, rule.thresholds)
        assertEquals(0.05..0.995, rule.copy(displayThreshold = 0.995).thresholds)
    }

    @Test
    fun aQuadThatIsNoneIsARuntimeFailure() {
        val found = detections(0.9f).apply { quads[3] = Float.NaN }
        val error = assertThrows(EngineException::class.java) { found.shown(rule, listOf("page", "card")) }
        assertEquals(true, error.message?.startsWith("the model gives a box that is none"))
    }
}
