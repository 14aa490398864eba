package dev.decant.core

import java.awt.image.BufferedImage
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import javax.imageio.ImageIO
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Test

/** A small baseline JPEG of noise-like content. */
internal fun jpeg(): ByteArray {
    val image = BufferedImage(37, 23, BufferedImage.TYPE_INT_RGB)
    for (y in 0 until 23) for (x in 0 until 37) image.setRGB(x, y, x * 7919 * y xor (x shl 16))
    return ByteArrayOutputStream().also { ImageIO.write(image, "jpg", it) }.toByteArray()
}

class JpegPrivacyTest {
    private val secret = "GPS 37.5665 126.9780"

    private fun segment(marker: Int): ByteArray {
        val length = secret.length + 2
        return byteArrayOf(0xFF.toByte(), marker.toByte(), (length shr 8).toByte(), length.toByte()) +
            secret.toByteArray()
    }

    private fun pixels(jpeg: ByteArray): IntArray =
        ImageIO.read(ByteArrayInputStream(jpeg)).let { it.getRGB(0, 0, it.width, it.height, null, 0, it.width) }

    @Test
    fun keepsThePictureAndNothingElse() {
        val plain = jpeg()
        // A thumbnail, EXIF and XMP, other pictures, Photoshop's, a comment; and bytes after the end.
        val extras = listOf(0xE0, 0xE1, 0xE2, 0xED, 0xFE).map(::segment).reduce(ByteArray::plus)
        val full = plain.copyOf(2) + extras + plain.copyOfRange(2, plain.size) + secret.toByteArray()
        val stripped = JpegPrivacy.strip(full)
        assertFalse(secret in String(stripped, Charsets.ISO_8859_1))
        assertEquals(plain.size, stripped.size)
        assertArrayEquals(pixels(plain), pixels(stripped))
    }

    private fun profile(size: Int): ByteArray {
        val (above, below) = listOf(size shr 8, size and 0xFF).map(Int::toByte)
        val profile = byteArrayOf(0, 0, above, below) + ByteArray(32) + "acsp".toByteArray() + ByteArray(96)
        val body = "ICC_PROFILE\u0000\u0001\u0001".toByteArray() + profile
        val length = body.size + 2
        return byteArrayOf(0xFF.toByte(), 0xE2.toByte(), (length shr 8).toByte(), length.toByte()) + body
    }

    @Test
    fun keepsAColourProfileAndNothingThatOnlySaysToBeOne() {
        val plain = jpeg()
        fun stripped(segment: ByteArray) =
            JpegPrivacy.strip(plain.copyOf(2) + segment + plain.copyOfRange(2, plain.size))
        assertEquals(plain.size + profile(size = 136).size, stripped(profile(size = 136)).size)
        // Four bytes that belong to no profile are hidden behind it, or it is too short to be one.
        val without = profile(size = 136).copyOf(30).also { it[3] = 28 }
        for (wrong in listOf(profile(size = 132), without)) {
            assertArrayEquals(plain, stripped(wrong))
        }
    }

    @Test
    fun refusesWhatIsNoWholeJpeg() {
        val plain = jpeg()
        val wrong = listOf(ByteArray(0), "GIF89a".toByteArray(), plain.copyOf(2)) +
            listOf(10, 100, plain.size / 2, plain.size - 2).map { plain.copyOf(it) }
        for (bytes in wrong) {
            assertThrows("${bytes.size}", IllegalArgumentException::class.java) { JpegPrivacy.strip(bytes) }
        }
    }

    @Test
    fun refusesAProgressiveJpeg() {
        val progressive = jpeg()
        val frame = (2 until progressive.size).first {
            progressive[it - 1] == 0xFF.toByte() && progressive[it] == 0xC0.toByte()
        }
        progressive[frame] = 0xC2.toByte()
        assertThrows(IllegalArgumentException::class.java) { JpegPrivacy.strip(progressive) }
    }
}
