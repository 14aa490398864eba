package androidx.camera.core

import android.graphics.Rect
import java.nio.ByteBuffer

interface CameraInfo {
    val lensFacing: Int

    fun getSensorRotationDegrees(relativeRotation: Int): Int
}

class CameraSelector {
    companion object {
        val DEFAULT_BACK_CAMERA: CameraSelector get() = error("stub")
        val DEFAULT_FRONT_CAMERA: CameraSelector get() = error("stub")
        const val LENS_FACING_FRONT = 0
    }
}

interface ImageInfo {
    val timestamp: Long
    val rotationDegrees: Int
}

interface ImageProxy : AutoCloseable {
    interface PlaneProxy {
        val buffer: ByteBuffer
        val rowStride: Int
        val pixelStride: Int
    }

    val planes: Array<PlaneProxy>
    val cropRect: Rect
    val imageInfo: ImageInfo
}

class ImageAnalysis {
    fun interface Analyzer {
        fun analyze(image: ImageProxy)
    }

    companion object {
        const val STRATEGY_KEEP_ONLY_LATEST = 0
        const val OUTPUT_IMAGE_FORMAT_RGBA_8888 = 2
    }
}
