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
import dev.decant.core.PhotoException
import dev.decant.core.PhotoFault
import dev.decant.core.PhotoSize
import dev.decant.core.Plane
import dev.decant.core.RgbaFrame
import dev.decant.core.isCutShort
import dev.decant.core.linear
import dev.decant.core.onPhoto
import dev.decant.core.undecodable
import dev.decant.core.uprightArgb
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer

private const val RGBA_BYTES = 4

// Hardly to be told from the original.
private const val JPEG_QUALITY = 90

/**
 * Reads a photo, upright and no larger than [PhotoSize] has it.
 *
 * @throws PhotoException if it is gone, no picture, or too large for the memory that is left.
 */
fun readPhoto(resolver: ContentResolver, photo: Uri): Bitmap = onPhoto {
    fun <T> read(action: (InputStream) -> T): T =
        resolver.openInputStream(photo)?.use(action) ?: throw PhotoException(PhotoFault.GONE)
    val options = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    read { Decoded(BitmapFactory.decodeStream(it, null, options)) }
    if (options.outWidth <= 0) throw PhotoException(read(::undecodable))
    if (read(::isCutShort)) throw PhotoException(PhotoFault.CUT_SHORT)
    options.inJustDecodeBounds = false
    options.inSampleSize = PhotoSize.decodingStep(options.outWidth, options.outHeight)
    options.inPreferredConfig = Bitmap.Config.ARGB_8888
    val decoded = read { Decoded(BitmapFactory.decodeStream(it, null, options)) }.bitmap
        ?: throw PhotoException(PhotoFault.NO_PICTURE)
    decoded.upright(read { orientation(ExifInterface(it)) })
}

/** A bitmap that a decoder may have refused to make: no sign of a stream that cannot be opened. */
private class Decoded(val bitmap: Bitmap?)

private fun orientation(exif: ExifInterface): Orientation = Orientation.ofExif(
    exif.getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL),
)

/** Turns and scales a decoded photo in one step, and lets go of it. */
private fun Bitmap.upright(orientation: Orientation): Bitmap {
    val (across, down) = PhotoSize.scaled(width, height)
    val isScaled = across != width || down != height
    if (!isScaled && orientation == Orientation.UPRIGHT) return this
    val (a, b, c, d) = orientation.linear(across.toFloat() / width, down.toFloat() / height)
    val turn = Matrix().apply { setValues(floatArrayOf(a, b, 0f, c, d, 0f, 0f, 0f, 1f)) }
    val turned = Bitmap.createBitmap(this, 0, 0, width, height, turn, isScaled)
    // Its memory is needed at once, not when it is collected.
    recycle()
    return turned
}

/**
 * The frame of an upright photo, as the model takes it; ARGB_8888 lies in memory as R, G, B, A.
 *
 * @throws PhotoException if there is too little memory.
 */
fun Bitmap.toFrame(): Frame = onPhoto {
    val pixels = ByteBuffer.allocateDirect(rowBytes * height)
    copyPixelsToBuffer(pixels)
    RgbaFrame(Plane(pixels, rowBytes, RGBA_BYTES), Crop(0, 0, width, height), Orientation.UPRIGHT)
}

/**
 * The picture of a frame, upright; it outlives the frame.
 *
 * @throws PhotoException if there is too little memory.
 */
fun Frame.toBitmap(): Bitmap = onPhoto {
    Bitmap.createBitmap(uprightArgb(), width, height, Bitmap.Config.ARGB_8888)
}

/**
 * The photo encoded anew, so that nothing of the original file is left in it.
 *
 * @throws PhotoException if there is too little memory.
 * @throws IOException if Android cannot encode it.
 */
fun Bitmap.toJpeg(): ByteArray = onPhoto {
    val bytes = ByteArrayOutputStream()
    if (compress(Bitmap.CompressFormat.JPEG, JPEG_QUALITY, bytes)) bytes.toByteArray() else null
} ?: throw IOException("the photo cannot be encoded as JPEG")

/** A photo of a private file, at most twice as large as [side]; null where it is damaged. */
fun readThumbnail(file: File, side: Int): Bitmap? = try {
    onPhoto { decodeThumbnail(file, side) }
} catch (_: PhotoException) {
    null
}

private fun decodeThumbnail(file: File, side: Int): Bitmap? {
    val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    BitmapFactory.decodeFile(file.path, bounds)
    val options = BitmapFactory.Options().apply { inSampleSize = 1 }
    while (maxOf(bounds.outWidth, bounds.outHeight) / options.inSampleSize > 2 * side) {
        options.inSampleSize *= 2
    }
    return BitmapFactory.decodeFile(file.path, options)
}
