package dev.decant.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Color
import android.net.Uri
import androidx.exifinterface.media.ExifInterface
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import dev.decant.core.PhotoException
import dev.decant.core.PhotoFault
import dev.decant.core.PhotoSize
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith

/** Opens photos with the device's own decoder. */
@RunWith(AndroidJUnit4::class)
class PhotosTest {
    private val context: Context = InstrumentationRegistry.getInstrumentation().targetContext
    private val file = File(context.cacheDir, "photo.jpg")

    /** A photo whose left half is red, and whose right half is blue. */
    private fun jpeg(width: Int, height: Int): ByteArray {
        val pixels = IntArray(width * height) { if (it % width < width / 2) Color.RED else Color.BLUE }
        return Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888).toJpeg()
    }

    private fun read() = readPhoto(context.contentResolver, Uri.fromFile(file))

    private fun faultOf(content: ByteArray?): PhotoFault {
        file.delete()
        content?.let(file::writeBytes)
        return assertThrows(PhotoException::class.java) { read() }.fault
    }

    @Test
    fun aLargePhotoIsScaled() {
        file.writeBytes(jpeg(2400, 2000))
        val photo = read()
        assertEquals(PhotoSize.scaled(2400, 2000), photo.width to photo.height)
    }

    @Test
    fun aTurnedPhotoStandsUprightAsTheModelSeesIt() {
        file.writeBytes(jpeg(2400, 1800))
        ExifInterface(file).apply {
            setAttribute(
                ExifInterface.TAG_ORIENTATION,
                ExifInterface.ORIENTATION_ROTATE_90.toString(),
            )
            saveAttributes()
        }
        val photo = read()
        assertTrue(photo.height > photo.width)
        val row = IntArray(photo.width)
        // What was left is on top; a frame has red in its lowest byte.
        photo.toFrame().readRow(10, row)
        assertTrue(row[photo.width / 2] and 0xFF > 200)
        photo.toFrame().readRow(photo.height - 10, row)
        assertTrue(row[photo.width / 2] and 0xFF < 50)
    }

    @Test
    fun whatIsNoWholePhotoIsSaid() {
        assertEquals(PhotoFault.GONE, faultOf(null))
        assertEquals(PhotoFault.EMPTY, faultOf(ByteArray(0)))
        assertEquals(PhotoFault.NO_PICTURE, faultOf("no picture".toByteArray()))
        assertEquals(PhotoFault.CUT_SHORT, faultOf(jpeg(640, 480).let { it.copyOf(it.size / 2) }))
        val heic = ByteArray(3) + byteArrayOf(24) + "ftypheic".toByteArray() + ByteArray(12)
        assertEquals(PhotoFault.UNKNOWN_FORMAT, faultOf(heic))
    }
}
