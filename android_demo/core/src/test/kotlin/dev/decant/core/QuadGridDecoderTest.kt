package dev.decant.core

import java.util.Random
import kotlin.math.ln
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class QuadGridDecoderTest {
    private val rule = QuadGridRule(
        listOf(8), scoreThreshold = 0.5, displayThreshold = 0.5, nmsIou = 0.5, maxCandidates = 9, maxDetections = 5,
    )

    private fun infos(labels: Int, width: Int, layout: Layout, stride: Int = 8): List<TensorInfo> =
        listOf("scores" to labels, "corners" to 8).map { (name, channels) ->
            val last = layout == Layout.NHWC
            val shape = if (last) listOf(1, width, width, channels) else listOf(1, channels, width, width)
            TensorInfo("${name}_s$stride", shape, DType.FLOAT32, layout, null)
        }

    /** Outputs of 3 x 3 cells without any object. */
    private fun empty(labels: Int, layout: Layout = Layout.NCHW): List<Tensor> =
        infos(labels, 3, layout).map(::Tensor).onEach { it.floats.fill(-9f) }

    /** Puts a box of 2 x 2 strides around the centre of a cell of a channels-first grid. */
    private fun put(outputs: List<Tensor>, label: Int, cell: Int, logit: Float, size: Float = 1f) {
        outputs[0].floats[label * 9 + cell] = logit
        val corners = floatArrayOf(-1f, -1f, 1f, -1f, 1f, 1f, -1f, 1f)
        corners.forEachIndexed { i, corner -> outputs[1].floats[i * 9 + cell] = corner * size }
    }

    private fun decode(outputs: List<Tensor>, rule: QuadGridRule = this.rule): Detections =
        QuadGridDecoder(rule, outputs.map { it.info }).decode(outputs)

    @Test
    fun placesQuadsAroundTheCell() {
        val outputs = empty(labels = 2)
        put(outputs, label = 1, cell = 5, logit = ln(3f))
        val found = decode(outputs)
        assertEquals(1, found.count)
        assertEquals(1, found.labels[0])
        assertEquals(0.75f, found.scores[0], 1e-6f)
        // Cell 5 is column 2 of row 1: its centre is (20, 12).
        assertArrayEquals(
            floatArrayOf(12f, 4f, 28f, 4f, 28f, 20f, 12f, 20f), found.quads.copyOf(8), 0f,
        )
    }

    @Test
    fun dropsScoresNotAboveTheThresholdAndNaN() {
        val outputs = empty(labels = 1)
        put(outputs, 0, cell = 0, logit = 0f)
        put(outputs, 0, cell = 4, logit = Float.NaN)
        put(outputs, 0, cell = 8, logit = 1e-6f)
        assertEquals(1, decode(outputs).count)
    }

    @Test
    fun suppressesOverlapsOfOneLabelOnly() {
        val outputs = empty(labels = 2)
        // Boxes of 5 strides whose centres are one stride apart overlap by 20 / 30.
        put(outputs, 0, cell = 3, logit = 1f, size = 2.5f)
        put(outputs, 0, cell = 4, logit = 2f, size = 2.5f)
        outputs[0].floats[9 + 3] = 3f
        val found = decode(outputs)
        assertEquals(listOf(1, 0), found.labels.take(found.count))
        // The second best, cell 4 of label 0: its centre (12, 12) less 2.5 strides.
        assertEquals(-8f, found.quads[8], 0f)
        assertEquals(3, decode(outputs, rule.copy(nmsIou = 0.7)).count)
    }

    @Test
    fun keepsTheFirstOfEqualsAndNoMoreThanTheLimit() {
        val outputs = empty(labels = 1)
        for (cell in 0 until 9) put(outputs, 0, cell, logit = if (cell == 7) 0.5f else 0.25f, size = 0.25f)
        val found = decode(outputs)
        assertEquals(5, found.count)
        val centres = List(5) { (found.quads[8 * it] + 2) / 8 to (found.quads[8 * it + 1] + 2) / 8 }
        assertEquals(listOf(1.5f to 2.5f, 0.5f to 0.5f, 1.5f to 0.5f, 2.5f to 0.5f, 0.5f to 1.5f), centres)
    }

    @Test
    fun looksAtNoMoreCandidatesThanTheRuleSays() {
        val outputs = empty(labels = 1)
        put(outputs, 0, cell = 0, logit = 3f)
        put(outputs, 0, cell = 1, logit = 2f, size = 2.5f)
        put(outputs, 0, cell = 8, logit = 1f)
        assertEquals(3, decode(outputs, rule.copy(nmsIou = 0.9)).count)
        assertEquals(2, decode(outputs, rule.copy(nmsIou = 0.9, maxCandidates = 2)).count)
    }

    @Test
    fun readsBothLayoutsAlike() {
        val planar = empty(labels = 2)
        for (cell in listOf(0, 2, 4, 8)) put(planar, cell % 3 % 2, cell, logit = cell + 1f)
        val last = empty(labels = 2, layout = Layout.NHWC)
        for (index in 0..1) {
            val channels = planar[index].info.shape[1]
            for (channel in 0 until channels) for (cell in 0 until 9) {
                last[index].floats[cell * channels + channel] = planar[index].floats[channel * 9 + cell]
            }
        }
        val (a, b) = decode(planar) to decode(last)
        assertEquals(4, a.count)
        assertEquals(a.count, b.count)
        assertArrayEquals(a.quads, b.quads, 0f)
        assertArrayEquals(a.scores, b.scores, 0f)
        assertArrayEquals(a.labels, b.labels)
    }

    @Test
    fun dequantizesEightBitOutputs() {
        val infos = infos(1, 3, Layout.NCHW).map {
            it.copy(dtype = DType.INT8, quantization = Quantization(0.25f, -4))
        }
        val outputs = infos.map(::Tensor)
        outputs[0].bytes.fill(-128)
        outputs[0].bytes[4] = 0
        listOf(-8, -8, 0, -8, 0, 0, -8, 0).forEachIndexed { i, q -> outputs[1].bytes[i * 9 + 4] = q.toByte() }
        val found = decode(outputs)
        // Logit 1, corners ±1.
        assertEquals(1, found.count)
        assertEquals(0.7310586f, found.scores[0], 1e-6f)
        assertArrayEquals(floatArrayOf(4f, 4f, 20f, 4f, 20f, 20f, 4f, 20f), found.quads.copyOf(8), 0f)
    }

    @Test
    fun decodesACrowdWithoutAllocating() {
        val infos = listOf(8 to 40, 16 to 20, 32 to 10).flatMap { (stride, width) ->
            infos(1, width, Layout.NHWC, stride)
        }
        val random = Random(5)
        val outputs = infos.map(::Tensor).onEach { tensor ->
            for (i in tensor.floats.indices) tensor.floats[i] = random.nextFloat() * 6 - 3
        }
        val decoder = QuadGridDecoder(QuadGridRule(listOf(8, 16, 32), 0.05, 0.5, 0.6, 1000, 100), infos)
        val time = Benchmark(warmUp = 60, runs = 60, System::nanoTime).measure { decoder.decode(outputs) }
        val allocated = allocatedBytes(20) { decoder.decode(outputs) }
        val crowd = "2,100 cells, nearly all over the threshold"
        println("\ndecoding $crowd: ${time.inWords()}; 20 frames allocated $allocated bytes")
        assertTrue(decoder.decode(outputs).count > 50)
        assertEquals(0, allocated)
    }
}
