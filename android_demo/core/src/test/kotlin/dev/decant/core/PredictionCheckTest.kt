package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class PredictionCheckTest {
    private val rule = QuadGridRule(
        listOf(8), scoreThreshold = 0.05, displayThreshold = 0.5, nmsIou = 0.5, maxCandidates = 9, maxDetections = 9,
    )
    private val outputs = listOf("scores" to 2, "corners" to 8).map { (name, channels) ->
        TensorInfo("${name}_s8", listOf(1, 3, 3, channels), DType.FLOAT32, Layout.NHWC, null)
    }

    private fun sidecar(decode: DecodeRule?, outputs: List<TensorInfo>) = Sidecar(
        "m", emptyList(), emptyList(), outputs, null, listOf("formula", "table"), decode, emptyList(),
        emptyMap(), emptyList(),
    )

    /** One box of 32 x 32 pixels around the middle cell. */
    private fun box(logit: Float, label: Int = 0, grown: Float = 0f): List<Tensor> {
        val tensors = outputs.map(::Tensor)
        tensors[0].floats.fill(-9f)
        tensors[0].floats[4 * 2 + label] = logit
        val half = 2 + grown
        floatArrayOf(-half, -half, half, -half, half, half, -half, half).copyInto(tensors[1].floats, 4 * 8)
        return tensors
    }

    private fun mismatch(expected: List<Tensor>, found: List<Tensor>): String? =
        PredictionCheck(sidecar(rule, outputs)).mismatch(expected, found)

    @Test
    fun acceptsABoxThatIsNearlyTheSame() {
        assertNull(mismatch(box(2f), box(1f, grown = 0.05f)))
        // 4 * 4 / (4.6 * 4.6) = 0.756.
        assertNull(mismatch(box(2f), box(2f, grown = 0.3f)))
    }

    @Test
    fun missesABoxThatIsGoneOrElsewhereOrOfAnotherLabel() {
        for (other in listOf(box(-9f), box(2f, grown = 0.4f), box(2f, label = 1))) {
            assertEquals("golden formula of score 0.880797 is not found", mismatch(box(2f), other))
        }
    }

    @Test
    fun refusesABoxThatIsNotGolden() {
        assertEquals("formula of score 0.880797 is found and not golden", mismatch(box(-9f), box(2f)))
    }

    @Test
    fun leavesScoresAroundTheThresholdAlone() {
        // 0.38 and 0.59: neither is sure, so either may lack a partner; a sure one may have an unsure partner.
        assertNull(mismatch(box(-0.5f), box(-9f)))
        assertNull(mismatch(box(-9f), box(0.35f)))
        assertNull(mismatch(box(0.6f), box(-0.5f)))
    }

    @Test
    fun comparesTheLabelsOfAClassifier() {
        val info = TensorInfo("scores", listOf(1, 2), DType.FLOAT32, Layout.KEEP, null)
        val check = PredictionCheck(sidecar(ArgmaxRule, listOf(info)))
        fun scores(first: Float) = listOf(Tensor(info).apply { setReals(floatArrayOf(first, 0.5f)) })
        assertNull(check.mismatch(scores(0.6f), scores(0.9f)))
        assertTrue("table, golden formula" in check.mismatch(scores(0.6f), scores(0.4f))!!)
    }

    @Test
    fun comparesTheLabelsOfPixels() {
        val info = TensorInfo("maps", listOf(1, 2, 5, 8), DType.FLOAT32, Layout.KEEP, null)
        val check = PredictionCheck(sidecar(SegmentationRule(Activation.SOFTMAX, 0.5), listOf(info)))
        fun tables(cells: Int) = listOf(Tensor(info).apply { floats.fill(1f, 40, 40 + cells) })
        assertNull(check.mismatch(tables(20), tables(21)))
        assertEquals("92 % of the places have their golden label", check.mismatch(tables(20), tables(23)))
    }

    @Test
    fun comparesTexts() {
        val info = TensorInfo("characters", listOf(1, 1, 3), DType.FLOAT32, Layout.KEEP, null)
        val rule = TextRule(TextKind.SLOTS, null, TextOrder.BATCH_FIRST, listOf("a", "b", "c"), null, Activation.SOFTMAX)
        val check = PredictionCheck(sidecar(rule, listOf(info)))
        fun scores(second: Float) = listOf(Tensor(info).apply { setReals(floatArrayOf(0.5f, second, 0f)) })
        assertNull(check.mismatch(scores(0.25f), scores(0.125f)))
        assertEquals("the text is \"b\", golden \"a\"", check.mismatch(scores(0.25f), scores(0.75f)))
    }

    @Test
    fun comparesBoxesOfAnyLayout() {
        val info = TensorInfo("found", listOf(1, 1, 6), DType.FLOAT32, Layout.KEEP, null)
        val check = PredictionCheck(sidecar(boxRule(EndToEndLayout(null, firstClass = 0)), listOf(info)))
        fun row(right: Float, left: Float = 1f) =
            listOf(Tensor(info).apply { setReals(floatArrayOf(left, 1f, right, 9f, 0.75f, 1f)) })
        assertNull(check.mismatch(row(21f), row(19f)))
        assertNull("a box without area is itself", check.mismatch(row(1f), row(1f)))
        for (other in listOf(row(5f, left = 5f), row(21f))) {
            assertEquals("golden table of score 0.75 is not found", check.mismatch(row(1f), other))
        }
        assertEquals("golden table of score 0.75 is not found", check.mismatch(row(21f), row(11f)))
    }

    @Test
    fun hasNothingToCompareWithoutARule() {
        assertNull(PredictionCheck(sidecar(null, outputs)).mismatch(box(2f), box(-9f)))
    }
}
