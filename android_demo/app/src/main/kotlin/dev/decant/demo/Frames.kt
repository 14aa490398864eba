package dev.decant.demo

import androidx.camera.core.ImageProxy
import dev.decant.core.Crop
import dev.decant.core.Frame
import dev.decant.core.Orientation
import dev.decant.core.Plane
import dev.decant.core.RgbaFrame

/** The frame of a camera picture in RGBA_8888; valid until the picture is closed. */
fun ImageProxy.toFrame(): Frame {
    val plane = planes.single()
    return RgbaFrame(
        Plane(plane.buffer, plane.rowStride, plane.pixelStride),
        Crop(cropRect.left, cropRect.top, cropRect.width(), cropRect.height()),
        Orientation.ofRotation(imageInfo.rotationDegrees),
    )
}
