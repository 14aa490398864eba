package android.text.format

import android.content.Context

object DateUtils {
    const val FORMAT_SHOW_TIME = 0x1
    const val FORMAT_SHOW_YEAR = 0x4
    const val FORMAT_SHOW_DATE = 0x10

    fun formatDateTime(context: Context, millis: Long, flags: Int): String = error("stub")
}
