package androidx.exifinterface.media

import java.io.InputStream

class ExifInterface(stream: InputStream) {
    val isFlipped: Boolean get() = error("stub")
    val rotationDegrees: Int get() = error("stub")
}
