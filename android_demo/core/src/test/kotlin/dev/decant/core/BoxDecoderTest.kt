package dev.decant.core

import java.util.Random
import kotlin.math.pow
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** What a rule of boxes is unless a test says otherwise. */
internal fun boxRule(layout: BoxLayout) = BoxRule(
    layout,
    BoxUnit.PIXELS,
    multiLabel = true,
    scoreThreshold = 0.05,
    displayThreshold = 0.5,
    nmsIou = 0.6,
    classWise = true,
    maxCandidates = 1000,
    maxDetections = 100,
)

class BoxDecoderTest {
    private val layout = YoloLayout(null, YoloOrder.BOXES_FIRST, objectness = false, Activation.NONE)
    private val rule = boxRule(layout)

    private fun output(vararg rows: FloatArray): Tensor {
        val info = TensorInfo("found", listOf(1, rows.size, rows[0].size), DType.FLOAT32, Layout.KEEP, null)
        return Tensor(info).apply { setReals(rows.flatMap { it.toList() }.toFloatArray()) }
    }

    private fun decode(output: Tensor, rule: BoxRule = this.rule, placement: Placement? = null): Detections =
        BoxDecoder(rule, listOf(output.info), output.info.shape[2] - 4).decode(listOf(output), placement)

    @Test
    fun givesCornersClockwiseFromTheTopLeft() {
        val found = decode(output(floatArrayOf(20f, 12f, 16f, 8f, 0.75f)))
        assertEquals(1, found.count)
        assertEquals(0.75f, found.scores[0], 0f)
        assertArrayEquals(floatArrayOf(12f, 8f, 28f, 8f, 28f, 16f, 12f, 16f), found.quads.copyOf(8), 0f)
    }

    @Test
    fun cutsBoxesAtTheEdgesOfThePhoto() {
        val image = ImageRule(
            50, 100, Colour.RGB, List(3) { 0.0 }, List(3) { 1.0 }, ResizeKind.LETTERBOX, 0, Shrink.AREA,
        )
        val share = rule.copy(unit = BoxUnit.FRACTION)
        val found = decode(output(floatArrayOf(0.5f, 0.5f, 0.5f, 2f, 0.75f)), share, Placement.of(200, 80, image))
        // The photo lies in the tensor's upper 40 rows, half as large.
        assertArrayEquals(
            floatArrayOf(50f, 0f, 150f, 0f, 150f, 80f, 50f, 80f), found.quads.copyOf(8), 1e-4f,
        )
    }

    @Test
    fun aBoxIsOneObjectOrOneOfEachLabelThatPasses() {
        val row = output(floatArrayOf(20f, 12f, 16f, 8f, 0.25f, 0.5f, 0.5f))
        assertEquals(listOf(1, 2, 0), decode(row).let { it.labels.take(it.count) })
        val best = decode(row, rule.copy(multiLabel = false))
        assertEquals(listOf(1), best.labels.take(best.count))
        val across = decode(row, rule.copy(classWise = false))
        assertEquals(listOf(1), across.labels.take(across.count))
    }

    @Test
    fun dropsBoxesThatAreNoNumbers() {
        val found = decode(
            output(floatArrayOf(Float.NaN, 12f, 16f, 8f, 0.75f), floatArrayOf(20f, 12f, 16f, 8f, 0.5f)),
        )
        assertEquals(listOf(0.5f), found.scores.take(found.count))
    }

    @Test
    fun decodesACrowdWithoutAllocating() {
        val info = TensorInfo("found", listOf(1, 24, 2100), DType.FLOAT32, Layout.KEEP, null)
        val random = Random(7)
        val output = Tensor(info)
        for (i in output.floats.indices) {
            // One score in 14 passes.
            output.floats[i] = if (i < 4 * 2100) 300 * random.nextFloat() else random.nextFloat().pow(40)
        }
        val turned = rule.copy(layout = layout.copy(order = YoloOrder.VALUES_FIRST))
        val decoder = BoxDecoder(turned, listOf(info), 20)
        val outputs = listOf(output)
        val time = Benchmark(warmUp = 60, runs = 60, System::nanoTime).measure { decoder.decode(outputs) }
        val allocated = allocatedBytes(20) { decoder.decode(outputs) }
        println("\ndecoding 2,100 boxes of 20 labels: ${time.inWords()}; 20 frames allocated $allocated bytes")
        assertTrue(decoder.decode(outputs).count > 50)
        assertEquals(0, allocated)
    }
}
