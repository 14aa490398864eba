package dev.decant.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.net.Uri
import androidx.exifinterface.media.ExifInterface
import dev.decant.core.Frame
import dev.decant.core.uprightArgb
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.InputStream

// 16 megapixels are 64 MB as RGBA, once as a bitmap and once more while it is being answered.
private const val MAX_PIXELS = 16_000_000L

// Hardly to be told from the original, and 16 megapixels stay below the importer's 20 MB.
private const val JPEG_QUALITY = 90

/**
 * Reads a photo and turns it upright by its EXIF orientation.
 *
 * @throws IOException if it is gone or no picture.
 */
fun readUpright(resolver: ContentResolver, photo: Uri): Bitmap {
    val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    open(resolver, photo).use { BitmapFactory.decodeStream(it, null, bounds) }
    val options = BitmapFactory.Options().apply {
        inSampleSize = sampleSize(bounds.outWidth, bounds.outHeight)
        inPreferredConfig = Bitmap.Config.ARGB_8888
    }
    val bitmap = open(resolver, photo).use { BitmapFactory.decodeStream(it, null, options) }
        ?: throw IOException("$photo: not a picture that Android can read")
    val turn = open(resolver, photo).use { orientation(ExifInterface(it)) }
    if (turn.isIdentity) return bitmap
    return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, turn, false)
}

private fun open(resolver: ContentResolver, photo: Uri): InputStream =
    resolver.openInputStream(photo) ?: throw IOException("$photo: no longer there")

/** Smallest power of two by which a photo has to shrink. */
private fun sampleSize(width: Int, height: Int): Int {
    var size = 1
    while (width.toLong() * height / (size.toLong() * size) > MAX_PIXELS) size *= 2
    return size
}

private fun orientation(exif: ExifInterface): Matrix = Matrix().apply {
    if (exif.isFlipped) postScale(-1f, 1f)
    postRotate(exif.rotationDegrees.toFloat())
}

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
