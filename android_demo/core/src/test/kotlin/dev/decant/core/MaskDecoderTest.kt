package dev.decant.core

import java.util.Random
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class MaskDecoderTest {
    private val labels = listOf("background", "disc", "box")
    private val rule = SegmentationRule(Activation.SOFTMAX, 0.5)

    private fun image(resize: ResizeKind) =
        ImageRule(4, 8, Colour.GREY, listOf(0.0), listOf(1.0), resize, 0, Shrink.AREA)

    /** Maps of 2 × 4 cells whose largest value is that of [winners]. */
    private fun maps(vararg winners: Int): Tensor {
        val info = TensorInfo("maps", listOf(1, 2, 4, 3), DType.FLOAT32, Layout.NHWC, null)
        return Tensor(info).apply { for (cell in winners.indices) floats[3 * cell + winners[cell]] = 1f }
    }

    private fun decode(maps: Tensor, placement: Placement?) =
        MaskDecoder(rule, maps.info, labels.size).decode(listOf(maps), placement)

    @Test
    fun labelsEachCellOfThePhoto() {
        val mask = decode(maps(0, 1, 2, 2, 0, 0, 1, 2), Placement.of(4, 2, image(ResizeKind.STRETCH)))
        assertArrayEquals(shortArrayOf(0, 1, 2, 2, 0, 0, 1, 2), mask.pixels)
        val shares = listOf(LabelShare(0, "background", 0.375f), LabelShare(2, "box", 0.375f), LabelShare(1, "disc", 0.25f))
        assertEquals(shares, mask.shares(labels))
    }

    @Test
    fun saysNothingOfWhatACropCutAway() {
        val mask = decode(maps(1, 1, 1, 1, 1, 1, 1, 1), Placement.of(16, 4, image(ResizeKind.CROP)))
        val unseen = mask.pixels.count { it == LabelMask.UNSEEN }
        assertEquals(32 to 32, unseen to mask.counts[1])
        assertEquals(listOf(LabelShare(1, "disc", 1f)), mask.shares(labels))
    }

    @Test
    fun theBorderOfALetterboxColoursNoPixel() {
        // The photo covers the two cells on the left.
        val mask = decode(maps(1, 1, 2, 2, 1, 1, 2, 2), Placement.of(40, 40, image(ResizeKind.LETTERBOX)))
        assertEquals(1600, mask.counts[1])
    }

    @Test
    fun oneMapIsHeldAgainstTheThreshold() {
        val info = TensorInfo("maps", listOf(1, 1, 1, 3), DType.FLOAT32, Layout.KEEP, null)
        val output = Tensor(info).apply { setReals(floatArrayOf(-2f, 0f, 2f)) }
        val decoder = MaskDecoder(SegmentationRule(Activation.SIGMOID, 0.5), info, 2)
        assertArrayEquals(shortArrayOf(0, 1, 1), decoder.decode(listOf(output)).pixels)
    }

    @Test
    fun overlayLeavesTheFirstLabelClearAndTheUnseenDark() {
        val mask = Findings.Mask(3, 2, shortArrayOf(0, 1, 2, -1, 1, 1), listOf(LabelShare(2, "box", 0.2f)))
        val (disc, box) = listOf(1, 2).map { (150 shl 24) or maskColour(it) }
        val dark = 170 shl 24
        assertArrayEquals(intArrayOf(0, disc, box, dark, disc, disc), mask.overlay())
        assertArrayEquals(intArrayOf(box, disc, 0, disc, disc, dark), mask.overlay(mirrored = true))
        assertArrayEquals(intArrayOf(dark, 0, disc, disc, disc, box), mask.overlay(Turn.between(0, 90)))
        assertArrayEquals(intArrayOf(disc, disc, dark, box, disc, 0), mask.overlay(Turn.between(0, 180)))
        assertArrayEquals(intArrayOf(box, disc, disc, disc, 0, dark), mask.overlay(Turn.between(0, 270)))
        assertTrue(mask.isCut)
        assertFalse(Findings.Mask(2, 1, shortArrayOf(0, 1), mask.shares).isCut)
    }

    @Test
    fun coloursAreThoseOfTheReport() {
        // decant.tasks.marks.mask_colour of 0, 1, 2, 3 and 8.
        val report = listOf(0xF22424, 0x24F260, 0x9D24F2, 0xF2D924, 0xB24E1B)
        assertEquals(report, listOf(0, 1, 2, 3, 8).map(::maskColour))
    }

    @Test
    fun labelsAFrameWithoutAllocating() {
        val info = TensorInfo("maps", listOf(1, 60, 80, 5), DType.FLOAT32, Layout.NHWC, null)
        val random = Random(3)
        val output = Tensor(info).apply { for (i in floats.indices) floats[i] = random.nextFloat() }
        val image = image(ResizeKind.LETTERBOX).copy(height = 240, width = 320)
        val placement = Placement.of(1280, 720, image)
        val decoder = MaskDecoder(rule, info, 5)
        val outputs = listOf(output)
        val time = Benchmark(warmUp = 10, runs = 20, System::nanoTime).measure { decoder.decode(outputs, placement) }
        val allocated = allocatedBytes(5) { decoder.decode(outputs, placement) }
        println("\nlabelling 1280x720 pixels of 5 labels: ${time.inWords()}; 5 frames allocated $allocated bytes")
        assertTrue(decoder.decode(outputs, placement).counts.all { it > 0 })
        assertEquals(0, allocated)
    }
}
