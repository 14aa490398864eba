package dev.decant.core

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.util.Locale
import java.util.Random
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class PreprocessorTest {
    private val raw = NormalisedBy.FILE

    /** Runs a frame and gives the tensor's values as pixels, by (x, y, channel). */
    private fun pixels(rule: ImageRule, frame: Frame): List<Int> {
        val preprocessor = Preprocessor(ImageInput("image", rule, raw), inputInfo(rule))
        preprocessor.run(frame)
        return preprocessor.tensor.floats.map { it.toInt() }
    }

    /** The same by the letter of the rule. */
    private fun expected(rule: ImageRule, picture: Picture): List<Int> {
        val placement = Placement.of(picture.width, picture.height, rule)
        val resized = picture.resized(placement.fittedWidth, placement.fittedHeight, rule.shrink)
        val (left, top) = -placement.offsetX.toInt() to -placement.offsetY.toInt()
        val values = ArrayList<Int>()
        for (y in 0 until rule.height) for (x in 0 until rule.width) for (channel in 0..2) {
            val inside = x + left < resized.width && y + top < resized.height
            values += if (inside) resized.at(x + left, y + top) shr 8 * channel and 255 else rule.padding
        }
        return values
    }

    @Test
    fun equalsTheRuleForSizesStridesAndAllOrientations() {
        val sizes = listOf(64 to 48, 37 to 53, 101 to 23, 9 to 7, 1 to 1, 40 to 30, 20 to 15)
        for ((width, height) in sizes) for (resize in ResizeKind.entries) {
            val picture = Picture.random(width, height, seed = width.toLong())
            val rule = imageRule(20, 15, resize)
            val expected = expected(rule, picture)
            for (orientation in Orientation.entries) for ((stride, slack) in listOf(4 to 0, 4 to 5, 3 to 1, 6 to 0)) {
                val frame = picture.frame(orientation, stride, slack)
                val case = "$width x $height $resize $orientation stride $stride+$slack"
                assertEquals(case, expected, pixels(rule, frame))
            }
        }
    }

    @Test
    fun interpolatesBilinearlyWhereNothingIsAveraged() {
        val picture = Picture.random(37, 53, seed = 1)
        val rule = imageRule(20, 15, ResizeKind.STRETCH, shrink = Shrink.BILINEAR)
        assertEquals(expected(rule, picture), pixels(rule, picture.frame(Orientation.ROTATED_90, 4, 0)))
    }

    @Test
    fun normalisesInFloat32() {
        val rule = imageRule(2, 1)
        val picture = Picture(2, 1, intArrayOf(0x332211, 0xFF8000))
        val preprocessor = Preprocessor(ImageInput("image", rule, NormalisedBy.APP), inputInfo(rule))
        preprocessor.run(picture.frame(Orientation.UPRIGHT, 4, 0))
        // (np.float32([17, 34, 51, 0, 128, 255]) / 255 - mean) / std of NumPy, float32 throughout.
        val numpy = floatArrayOf(-1.8267832f, -1.4404761f, -0.91555554f, -2.117904f, 0.2051822f, 2.64f)
        assertArrayEquals(numpy, preprocessor.tensor.floats, 0f)
    }

    @Test
    fun ordersChannelsAndPlanes() {
        val picture = Picture(1, 1, intArrayOf(0x302010))
        fun values(colour: Colour, layout: Layout): List<Float> {
            val rule = imageRule(1, 1, colour = colour)
            val preprocessor = Preprocessor(ImageInput("image", rule, raw), inputInfo(rule, layout))
            preprocessor.run(picture.frame(Orientation.UPRIGHT, 4, 0))
            return preprocessor.tensor.floats.toList()
        }
        assertEquals(listOf(16f, 32f, 48f), values(Colour.RGB, Layout.NHWC))
        assertEquals(listOf(48f, 32f, 16f), values(Colour.BGR, Layout.NHWC))
        // round(0.299 * 16 + 0.587 * 32 + 0.114 * 48)
        assertEquals(listOf(29f), values(Colour.GREY, Layout.NHWC))
        val rule = imageRule(2, 1)
        val planar = Preprocessor(ImageInput("image", rule, raw), inputInfo(rule, Layout.NCHW))
        planar.run(Picture(2, 1, intArrayOf(0x302010, 0x605040)).frame(Orientation.UPRIGHT, 4, 0))
        assertArrayEquals(floatArrayOf(16f, 64f, 32f, 80f, 48f, 96f), planar.tensor.floats, 0f)
    }

    @Test
    fun fillsEightBitInputs() {
        val rule = imageRule(1, 1)
        val picture = Picture(1, 1, intArrayOf(0xFF8001))
        fun bytes(info: TensorInfo): List<Int> {
            val preprocessor = Preprocessor(ImageInput("image", rule, raw), info)
            preprocessor.run(picture.frame(Orientation.UPRIGHT, 4, 0))
            return preprocessor.tensor.bytes.map { it.toInt() }
        }
        assertEquals(listOf(1, -128, -1), bytes(inputInfo(rule, dtype = DType.UINT8)))
        val int8 = inputInfo(rule, dtype = DType.INT8).copy(quantization = Quantization(2f, -128))
        // 0.5, 64 and 127.5 steps: halves go away from zero.
        assertEquals(listOf(-127, -64, 0), bytes(int8))
    }

    @Test
    fun padsAgainWhenTheFrameChanges() {
        val rule = imageRule(20, 15)
        val preprocessor = Preprocessor(ImageInput("image", rule, raw), inputInfo(rule))
        for (picture in listOf(Picture.random(64, 48, 1), Picture.random(10, 40, 2), Picture.random(40, 5, 3))) {
            preprocessor.run(picture.frame(Orientation.UPRIGHT, 4, 0))
            assertEquals(expected(rule, picture), preprocessor.tensor.floats.map { it.toInt() })
        }
    }

    @Test
    fun takesResizedPixelsAsTheSameTensor() {
        val rule = imageRule(4, 3)
        val picture = Picture.random(4, 3, 4)
        for (layout in listOf(Layout.NHWC, Layout.NCHW)) {
            val preprocessor = Preprocessor(ImageInput("image", rule, NormalisedBy.APP), inputInfo(rule, layout))
            preprocessor.run(picture.frame(Orientation.UPRIGHT, 4, 0))
            val expected = preprocessor.tensor.floats.clone()
            preprocessor.tensor.floats.fill(0f)
            preprocessor.run(ByteArray(36) { (picture.pixels[it / 3] shr 8 * (it % 3)).toByte() })
            assertArrayEquals("$layout", expected, preprocessor.tensor.floats, 0f)
        }
    }

    @Test
    fun refusesABufferTooSmall() {
        val plane = Plane(ByteBuffer.allocate(4 * 10 * 10 - 2), 40, 4)
        assertThrows(IllegalArgumentException::class.java) {
            RgbaFrame(plane, Crop(0, 0, 10, 10), Orientation.UPRIGHT)
        }
    }

    @Test
    fun readsALastPixelWithoutAlpha() {
        val rule = imageRule(2, 1)
        val bytes = ByteBuffer.wrap(byteArrayOf(1, 2, 3, 99, 4, 5, 6))
        val frame = RgbaFrame(Plane(bytes, 8, 4), Crop(0, 0, 2, 1), Orientation.UPRIGHT)
        assertEquals(listOf(1, 2, 3, 4, 5, 6), pixels(rule, frame))
    }

    @Test
    fun takesAFullHdFrameWithoutAllocating() {
        val bytes = ByteBuffer.allocateDirect(1920 * 1080 * 4)
        bytes.put(ByteArray(bytes.capacity()).also { Random(4).nextBytes(it) })
        val frame = RgbaFrame(Plane(bytes, 1920 * 4, 4), Crop(0, 0, 1920, 1080), Orientation.ROTATED_90)
        val rule = imageRule(320, 320)
        val preprocessor = Preprocessor(ImageInput("image", rule, NormalisedBy.APP), inputInfo(rule))
        val time = Benchmark(warmUp = 60, runs = 60, System::nanoTime).measure { preprocessor.run(frame) }
        val allocated = allocatedBytes(20) { preprocessor.run(frame) }
        println("\npre-processing 1920x1080 RGBA: ${time.inWords()}; 20 frames allocated $allocated bytes")
        assertEquals(0, allocated)
    }
}

internal fun Latency.inWords() =
    String.format(Locale.ROOT, "median %.2f ms, 9 in 10 within %.2f ms, n = %d", median, p90, n)

/** Bytes that this thread allocates while it repeats an action. */
internal fun allocatedBytes(times: Int, action: () -> Unit): Long {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    val thread = Thread.currentThread().id
    threads.getThreadAllocatedBytes(thread)
    val before = threads.getThreadAllocatedBytes(thread)
    for (i in 0 until times) action()
    val after = threads.getThreadAllocatedBytes(thread)
    return after - before
}
