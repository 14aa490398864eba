package dev.decant.core

import java.awt.image.BufferedImage
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.InputStream
import java.util.Random
import javax.imageio.IIOImage
import javax.imageio.ImageIO
import javax.imageio.ImageWriteParam
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class PhotoFileTest {
    private val picture = BufferedImage(317, 203, BufferedImage.TYPE_INT_RGB).also { image ->
        val random = Random(1)
        for (y in 0 until image.height) for (x in 0 until image.width) image.setRGB(x, y, random.nextInt())
    }

    private fun jpeg(mode: Int): ByteArray {
        val out = ByteArrayOutputStream()
        val writer = ImageIO.getImageWritersByFormatName("jpg").next()
        ImageIO.createImageOutputStream(out).use {
            writer.output = it
            val rule = writer.defaultWriteParam.apply { progressiveMode = mode }
            writer.write(null, IIOImage(picture, null, null), rule)
        }
        writer.dispose()
        return out.toByteArray()
    }

    private val baseline = jpeg(ImageWriteParam.MODE_DISABLED)
    private val progressive = jpeg(ImageWriteParam.MODE_DEFAULT)

    /** With a thumbnail before its picture, as EXIF has it, which ends as a picture does. */
    private fun withThumbnail(jpeg: ByteArray): ByteArray {
        val body = "Exif\u0000\u0000".toByteArray() + jpeg()
        val length = body.size + 2
        val segment = byteArrayOf(0xFF.toByte(), 0xE1.toByte(), (length shr 8).toByte(), length.toByte()) + body
        return jpeg.copyOf(2) + segment + jpeg.copyOfRange(2, jpeg.size)
    }

    private fun ByteArray.open(): InputStream = ByteArrayInputStream(this)

    @Test
    fun wholeJpegsAreWhole() {
        val tail = ByteArray(999)
        for (whole in listOf(baseline, progressive, withThumbnail(baseline), baseline + tail)) {
            assertFalse(isCutShort(whole.open()))
        }
    }

    @Test
    fun jpegsThatEndTooSoonAreCutShort() {
        for (whole in listOf(baseline, progressive, withThumbnail(baseline))) {
            for (length in listOf(2, 3, 21, 300, whole.size / 2, whole.size - 2, whole.size - 1)) {
                assertTrue("$length of ${whole.size}", isCutShort(whole.copyOf(length).open()))
            }
        }
    }

    @Test
    fun otherFilesAreLetBe() {
        val png = ByteArrayOutputStream().also { ImageIO.write(picture, "png", it) }.toByteArray()
        for (file in listOf(png, png.copyOf(99), ByteArray(0))) assertFalse(isCutShort(file.open()))
    }

    @Test
    fun aStreamMayGiveItsBytesOneByOne() {
        val slow = object : InputStream() {
            private val whole = baseline.open()
            override fun read() = whole.read()
            override fun read(into: ByteArray, offset: Int, length: Int) = whole.read(into, offset, 1)
        }
        assertFalse(isCutShort(slow))
    }

    @Test
    fun saysWhyAFileCannotBeDecoded() {
        fun heif(brand: String) = ByteArray(3) + byteArrayOf(24) + "ftyp$brand".toByteArray() + ByteArray(12)
        for (brand in listOf("heic", "mif1", "avif")) {
            assertEquals(brand, PhotoFault.UNKNOWN_FORMAT, undecodable(heif(brand).open()))
        }
        assertEquals(PhotoFault.EMPTY, undecodable(ByteArray(0).open()))
        for (other in listOf(heif("isom"), "ftypheic".toByteArray(), ByteArray(3), "<html>".toByteArray())) {
            assertEquals(PhotoFault.NO_PICTURE, undecodable(other.open()))
        }
    }
}
