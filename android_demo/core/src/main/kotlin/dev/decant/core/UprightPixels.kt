package dev.decant.core

/** The picture turned upright, row by row from the top: one int a pixel, 0xFFRRGGBB. */
fun Frame.uprightArgb(): IntArray {
    val pixels = IntArray(width * height)
    val row = IntArray(crop.width)
    for (y in 0 until crop.height) {
        readRow(y, row)
        val across = if (orientation.flipsY) crop.height - 1 - y else y
        for (x in 0 until crop.width) {
            val along = if (orientation.flipsX) crop.width - 1 - x else x
            val at = if (orientation.transposed) along * width + across else across * width + along
            pixels[at] = argb(row[x])
        }
    }
    return pixels
}

private fun argb(abgr: Int): Int =
    (0xFF shl 24) or (abgr and 0xFF shl 16) or (abgr and 0xFF00) or (abgr shr 16 and 0xFF)
