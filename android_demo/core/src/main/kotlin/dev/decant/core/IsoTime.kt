package dev.decant.core

import java.text.ParsePosition
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import java.util.TimeZone

// java.time needs Android 8.
private fun format() = SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT).apply {
    timeZone = TimeZone.getTimeZone("UTC")
    isLenient = false
}

/** A time in milliseconds since 1970, in ISO-8601 and UTC. */
internal fun isoTime(milliseconds: Long): String = format().format(Date(milliseconds))

/** Reads what [isoTime] wrote. */
internal fun JsonFields.time(name: String): Long {
    val text = string(name)
    val time = format().parse(text, ParsePosition(0))?.time
    return time?.takeIf { isoTime(it) == text } ?: JsonFields.refuse(at(name), "is no time in UTC")
}
