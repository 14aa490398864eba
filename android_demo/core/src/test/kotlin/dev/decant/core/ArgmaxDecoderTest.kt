package dev.decant.core

import java.util.Random
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Test

class ArgmaxDecoderTest {
    private fun scores(vararg values: Float, batch: Int = 1): Tensor {
        val shape = listOf(batch, values.size / batch)
        val tensor = Tensor(TensorInfo("scores", shape, DType.FLOAT32, Layout.KEEP, null))
        tensor.setReals(values)
        return tensor
    }

    @Test
    fun findsTheLargest() = assertEquals(2, ArgmaxDecoder.decode(scores(-3f, -1f, 5f, 4f)))

    @Test
    fun takesTheFirstOfEquals() = assertEquals(1, ArgmaxDecoder.decode(scores(0f, 2f, 2f)))

    @Test
    fun takesNaNForTheLargest() =
        assertArrayEquals(intArrayOf(1, 3, 2), ArgmaxDecoder.best(scores(0f, Float.NaN, 2f, Float.NaN), 3))

    @Test
    fun ranksAsAStableSortDoes() {
        val random = Random(2)
        repeat(50) {
            // Few values, so that many are equal.
            val values = FloatArray(12) { random.nextInt(5) - 2f }
            val expected = values.indices.sortedByDescending { values[it] }.take(5).toIntArray()
            assertArrayEquals(expected, ArgmaxDecoder.best(scores(*values), 5))
        }
    }

    @Test
    fun ranksWhatThereIs() = assertArrayEquals(intArrayOf(1, 0), ArgmaxDecoder.best(scores(1f, 3f), 5))

    @Test
    fun looksAtTheFirstOfABatchOnly() =
        assertArrayEquals(intArrayOf(1, 0), ArgmaxDecoder.best(scores(1f, 3f, 9f, 8f, batch = 2), 5))
}
