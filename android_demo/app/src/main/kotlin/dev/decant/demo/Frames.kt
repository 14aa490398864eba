package dev.decant.demo

import android.graphics.Bitmap
import androidx.camera.core.ImageProxy
import dev.decant.core.Crop
import dev.decant.core.Frame
import dev.decant.core.Orientation
import dev.decant.core.Plane
import dev.decant.core.RgbaFrame
import java.nio.ByteBuffer

private const val RGBA_BYTES = 4

/** The frame of a camera picture in RGBA_8888; valid until the picture is closed. */
fun ImageProxy.toFrame(): Frame {
    val plane = planes.single()
    return RgbaFrame(
        Plane(plane.buffer, plane.rowStride, plane.pixelStride),
        Crop(cropRect.left, cropRect.top, cropRect.width(), cropRect.height()),
        Orientation.ofRotation(imageInfo.rotationDegrees),
    )
}

/** The frame of an upright ARGB_8888 bitmap, whose bytes lie in memory as R, G, B, A. */
fun Bitmap.toFrame(): Frame {
    val pixels = ByteBuffer.allocateDirect(rowBytes * height)
    copyPixelsToBuffer(pixels)
    return RgbaFrame(
        Plane(pixels, rowBytes, RGBA_BYTES),
        Crop(0, 0, width, height),
        Orientation.UPRIGHT,
    )
}
