package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Test

class TextDecoderTest {
    private val rule = TextRule(
        TextKind.CTC, null, TextOrder.BATCH_FIRST, listOf("a", "b", "ch"), blank = 0, Activation.NONE,
    )

    /** Probabilities of 0.7 for [path], and 0.1 for the others. */
    private fun spelled(vararg path: Int, order: TextOrder = TextOrder.BATCH_FIRST): Tensor {
        val shape = if (order == TextOrder.BATCH_FIRST) listOf(1, path.size, 4) else listOf(path.size, 2, 4)
        val info = TensorInfo("characters", shape, DType.FLOAT32, Layout.KEEP, null)
        return Tensor(info).apply {
            floats.fill(0.1f)
            for (place in path.indices) floats[place * floats.size / path.size + path[place]] = 0.7f
        }
    }

    private fun read(output: Tensor, rule: TextRule = this.rule) =
        TextDecoder(rule, listOf(output.info)).decode(listOf(output))

    @Test
    fun joinsEqualClassesInARowAndLeavesBlanksOut() {
        val found = read(spelled(1, 1, 0, 1, 3, 3, 0))
        assertEquals("aach", found.text)
        assertEquals(0.7f, found.score, 1e-6f)
        assertEquals("", read(spelled(0, 0)).text)
    }

    @Test
    fun readsTheFirstOfABatchWhoseTimeComesFirst() {
        val first = rule.copy(order = TextOrder.TIME_FIRST, blank = -1)
        assertEquals("bach", read(spelled(1, 0, 3, 2, order = TextOrder.TIME_FIRST), first).text)
    }

    @Test
    fun slotsRepeat() {
        val slots = rule.copy(kind = TextKind.SLOTS)
        assertEquals("aab", read(spelled(1, 1, 0, 2), slots).text)
        assertEquals("bbch", read(spelled(1, 1, 2), slots.copy(alphabet = listOf("a", "b", "ch", "d"), blank = null)).text)
    }

    @Test
    fun aBeamAddsUpTheWaysToWriteAText() {
        val info = TensorInfo("characters", listOf(1, 2, 4), DType.FLOAT32, Layout.KEEP, null)
        val output = Tensor(info).apply { setReals(floatArrayOf(0.6f, 0.4f, 0f, 0f, 0.6f, 0.4f, 0f, 0f)) }
        assertEquals("", read(output).text)
        // a and blank, blank and a, a twice: 0.64 against 0.36.
        assertEquals("a", read(output, rule.copy(beamWidth = 2)).text)
    }

    @Test
    fun aBeamIsUsedAgain() {
        val decoder = TextDecoder(rule.copy(beamWidth = 5), listOf(spelled(1, 0, 1).info))
        val texts = listOf(spelled(1, 0, 1), spelled(2, 3, 2), spelled(0, 0, 0), spelled(1, 0, 1))
        assertEquals(listOf("aa", "bchb", "", "aa"), texts.map { decoder.decode(listOf(it)).text })
    }
}
