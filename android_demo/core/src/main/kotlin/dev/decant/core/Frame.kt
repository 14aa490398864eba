package dev.decant.core

import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** The part of a stored picture that is looked at, in stored pixels. */
data class Crop(val left: Int, val top: Int, val width: Int, val height: Int)

/** A picture as a camera or a decoder stores it; read in rows of the crop, before it is turned upright. */
abstract class Frame(val crop: Crop, val orientation: Orientation) {
    init {
        require(crop.left >= 0 && crop.top >= 0 && crop.width > 0 && crop.height > 0) {
            "$crop is not a part of a picture"
        }
    }

    /** Width in pixels once upright. */
    val width: Int get() = if (orientation.transposed) crop.height else crop.width

    /** Height in pixels once upright. */
    val height: Int get() = if (orientation.transposed) crop.width else crop.height

    /** Reads row [row] of the crop into [into]: one int a pixel, 0x??BBGGRR; the top byte is undefined. */
    abstract fun readRow(row: Int, into: IntArray)
}

/** One plane of samples: byte of (x, y) = y * rowStride + x * pixelStride. */
class Plane(val bytes: ByteBuffer, val rowStride: Int, val pixelStride: Int) {
    fun offset(x: Int, y: Int): Int = y * rowStride + x * pixelStride

    /** Refuses a buffer too small for a [width] x [height] picture with [sampleBytes] a sample. */
    fun requireHolds(width: Int, height: Int, sampleBytes: Int) {
        val needed = offset(width - 1, height - 1).toLong() + sampleBytes
        require(needed <= (bytes as Buffer).limit()) {
            "the plane has ${(bytes as Buffer).limit()} bytes; $width x $height pixels with row stride " +
                "$rowStride and pixel stride $pixelStride need $needed"
        }
    }
}

/** Pixels of the bytes R, G, B and, unread, A: CameraX's RGBA_8888, Bitmap's ARGB_8888, or plain RGB. */
class RgbaFrame(private val pixels: Plane, crop: Crop, orientation: Orientation) :
    Frame(crop, orientation) {
    private val bytes = pixels.bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN)
    private val whole = pixels.pixelStride == 4 && pixels.rowStride % 4 == 0
    private val ints = if (whole) startOf(bytes).asIntBuffer() else null

    init {
        require(pixels.pixelStride >= 3) { "pixel stride ${pixels.pixelStride} cannot hold R, G and B" }
        pixels.requireHolds(crop.left + crop.width, crop.top + crop.height, sampleBytes = 3)
    }

    override fun readRow(row: Int, into: IntArray) {
        val start = pixels.offset(crop.left, crop.top + row)
        // The last pixel may lack its A, which an int view cannot read.
        if (ints != null && start / 4 + crop.width <= (ints as Buffer).limit()) {
            (ints as Buffer).position(start / 4)
            ints.get(into, 0, crop.width)
        } else {
            for (x in 0 until crop.width) into[x] = pixel(start + x * pixels.pixelStride)
        }
    }

    private fun pixel(at: Int): Int {
        val green = bytes.get(at + 1).toInt() and 0xFF
        val blue = bytes.get(at + 2).toInt() and 0xFF
        return (bytes.get(at).toInt() and 0xFF) or (green shl 8) or (blue shl 16)
    }

    private companion object {
        fun startOf(buffer: ByteBuffer): ByteBuffer = buffer.also { (it as Buffer).position(0) }
    }
}
