package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Test

class ArgmaxDecoderTest {
    private fun scores(vararg values: Float): Tensor {
        val tensor = Tensor(TensorInfo("scores", listOf(1, values.size), DType.FLOAT32, Layout.KEEP, null))
        tensor.setReals(values)
        return tensor
    }

    @Test
    fun findsTheLargest() = assertEquals(2, ArgmaxDecoder.decode(scores(-3f, -1f, 5f, 4f)))

    @Test
    fun takesTheFirstOfEquals() = assertEquals(1, ArgmaxDecoder.decode(scores(0f, 2f, 2f)))
}
