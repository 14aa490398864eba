package dev.decant.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.net.Uri
import androidx.exifinterface.media.ExifInterface
import dev.decant.core.Crop
import dev.decant.core.Frame
import dev.decant.core.Orientation
import dev.decant.core.Plane
import dev.decant.core.RgbaFrame
import dev.decant.core.decodingStep
import dev.decant.core.linear
import dev.decant.core.uprightArgb
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer

private const val RGBA_BYTES = 4

// Hardly to be told from the original, and 16 megapixels stay below the importer's 20 MB.
private const val JPEG_QUALITY = 90

/** A photo as its file stores it, and how it has to be turned. */
class StoredPhoto(private val bitmap: Bitmap, private val orientation: Orientation) {
    /** Its frame, as the model takes it; ARGB_8888 lies in memory as R, G, B, A. */
    fun toFrame(): Frame {
        val pixels = ByteBuffer.allocateDirect(bitmap.rowBytes * bitmap.height)
        bitmap.copyPixelsToBuffer(pixels)
        return RgbaFrame(
            Plane(pixels, bitmap.rowBytes, RGBA_BYTES),
            Crop(0, 0, bitmap.width, bitmap.height),
            orientation,
        )
    }

    /** The upright photo, to be shown and kept. */
    fun upright(): Bitmap {
        if (orientation == Orientation.UPRIGHT) return bitmap
        val (a, b, c, d) = orientation.linear()
        val turn = Matrix().apply { setValues(floatArrayOf(a, b, 0f, c, d, 0f, 0f, 0f, 1f)) }
        return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, turn, false)
    }
}

/**
 * Reads a photo as it is stored, shrunk where it is too large to be answered.
 *
 * @throws IOException if it is gone or no picture.
 */
fun readPhoto(resolver: ContentResolver, photo: Uri): StoredPhoto {
    val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    open(resolver, photo).use { BitmapFactory.decodeStream(it, null, bounds) }
    val options = BitmapFactory.Options().apply {
        inSampleSize = decodingStep(bounds.outWidth, bounds.outHeight)
        inPreferredConfig = Bitmap.Config.ARGB_8888
    }
    val bitmap = open(resolver, photo).use { BitmapFactory.decodeStream(it, null, options) }
        ?: throw IOException("$photo: not a picture that Android can read")
    return StoredPhoto(bitmap, open(resolver, photo).use { orientation(ExifInterface(it)) })
}

private fun open(resolver: ContentResolver, photo: Uri): InputStream =
    resolver.openInputStream(photo) ?: throw IOException("$photo: no longer there")

private fun orientation(exif: ExifInterface): Orientation = Orientation.ofExif(
    exif.getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL),
)

/** The picture of a frame, upright; it outlives the frame. */
fun Frame.toBitmap(): Bitmap =
    Bitmap.createBitmap(uprightArgb(), width, height, Bitmap.Config.ARGB_8888)

/**
 * The photo encoded anew, so that nothing of the original file is left in it.
 *
 * @throws IOException if Android cannot encode it.
 */
fun Bitmap.toJpeg(): ByteArray {
    val bytes = ByteArrayOutputStream()
    if (!compress(Bitmap.CompressFormat.JPEG, JPEG_QUALITY, bytes)) {
        throw IOException("the photo cannot be encoded as JPEG")
    }
    return bytes.toByteArray()
}

/** A photo of a private file, at most twice as large as [side]; null where it is damaged. */
fun readThumbnail(file: File, side: Int): Bitmap? {
    val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    BitmapFactory.decodeFile(file.path, bounds)
    val options = BitmapFactory.Options().apply { inSampleSize = 1 }
    while (maxOf(bounds.outWidth, bounds.outHeight) / options.inSampleSize > 2 * side) {
        options.inSampleSize *= 2
    }
    return BitmapFactory.decodeFile(file.path, options)
}
