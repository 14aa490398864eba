package androidx.exifinterface.media

import java.io.InputStream

class ExifInterface(stream: InputStream) {
    fun getAttributeInt(tag: String, default: Int): Int = error("stub")

    companion object {
        const val TAG_ORIENTATION = "Orientation"
        const val ORIENTATION_NORMAL = 1
    }
}
