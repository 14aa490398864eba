package dev.decant.core

import java.lang.Math.rint

/**
 * The colour of a label's pixels in a mask, 0xRRGGBB, as decant's report has it; neighbours have others.
 *
 * Hues that are a golden angle apart stay apart, however many there are.
 */
fun maskColour(label: Int): Int {
    val light = if (label / 8 % 2 == 0) 0.95 else 0.7
    val hue = 6 * (label * GOLDEN_ANGLE % 1)
    val sector = hue.toInt()
    val low = light * (1 - SATURATION)
    val falling = light * (1 - SATURATION * (hue - sector))
    val rising = light * (1 - SATURATION * (1 - (hue - sector)))
    val (red, green, blue) = when (sector) {
        0 -> listOf(light, rising, low)
        1 -> listOf(falling, light, low)
        2 -> listOf(low, light, rising)
        3 -> listOf(low, falling, light)
        4 -> listOf(rising, low, light)
        else -> listOf(light, low, falling)
    }
    // Halves go to the even number, as Python's round has them.
    return (rint(255 * red).toInt() shl 16) or (rint(255 * green).toInt() shl 8) or rint(255 * blue).toInt()
}

/**
 * What lies over a photo to show its mask, turned and then mirrored as the photo is shown: 0xAARRGGBB a pixel.
 *
 * The photo shows through the first label, which mostly is the background; what a crop cut away is dark.
 */
fun Findings.Mask.overlay(turn: Turn = Turn.NONE, mirrored: Boolean = false): IntArray {
    val colours = IntArray(1 + (shares.maxOfOrNull { it.index } ?: 0)) { if (it == 0) 0 else OPACITY or maskColour(it) }
    val (shownWidth, shownHeight) = turn.size(width to height)
    return IntArray(shownWidth * shownHeight) { at ->
        val x = (at % shownWidth).let { if (mirrored) shownWidth - 1 - it else it }
        val y = at / shownWidth
        val label = pixels[
            when (turn.degrees) {
                0 -> y * width + x
                90 -> (height - 1 - x) * width + y
                180 -> (height - 1 - y) * width + width - 1 - x
                else -> x * width + width - 1 - y
            },
        ]
        if (label < 0) UNSEEN_SHADE else colours[label.toInt()]
    }
}

private const val GOLDEN_ANGLE = 0.381966
private const val SATURATION = 0.85
private const val OPACITY = 150 shl 24
private const val UNSEEN_SHADE = 170 shl 24
