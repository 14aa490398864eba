package android.graphics

import java.io.InputStream
import java.io.OutputStream
import java.nio.Buffer

class Rect {
    @JvmField val left: Int = 0

    @JvmField val top: Int = 0

    fun width(): Int = error("stub")

    fun height(): Int = error("stub")
}

class Matrix {
    fun setValues(values: FloatArray): Unit = error("stub")
}

class Bitmap {
    enum class Config { ARGB_8888 }

    enum class CompressFormat { JPEG }

    val width: Int get() = error("stub")
    val height: Int get() = error("stub")
    val rowBytes: Int get() = error("stub")

    fun copyPixelsToBuffer(into: Buffer): Unit = error("stub")

    fun compress(format: CompressFormat, quality: Int, stream: OutputStream): Boolean = error("stub")

    companion object {
        @Suppress("LongParameterList")
        fun createBitmap(
            source: Bitmap, x: Int, y: Int, width: Int, height: Int, m: Matrix?, filter: Boolean,
        ): Bitmap = error("stub")

        fun createBitmap(colors: IntArray, width: Int, height: Int, config: Config): Bitmap =
            error("stub")
    }
}

object BitmapFactory {
    class Options {
        @JvmField var inJustDecodeBounds = false

        @JvmField var inSampleSize = 1

        @JvmField var inPreferredConfig = Bitmap.Config.ARGB_8888

        @JvmField var outWidth = 0

        @JvmField var outHeight = 0
    }

    fun decodeFile(path: String?, options: Options?): Bitmap? = error("stub")

    fun decodeStream(stream: InputStream?, padding: Rect?, options: Options?): Bitmap? = error("stub")
}
