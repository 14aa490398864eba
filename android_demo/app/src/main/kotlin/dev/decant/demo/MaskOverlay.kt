package dev.decant.demo

import androidx.compose.foundation.Image
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.layout.ContentScale

/**
 * Lays an answer's mask, if it has one, over the picture that it belongs to.
 *
 * The picture must fill the same space in the same way, centred. The words beside it tell what a screen reader says.
 */
@Composable
fun MaskOverlay(answer: Answer, modifier: Modifier, scale: ContentScale) {
    val mask = answer.mask ?: return
    Image(remember(mask) { mask.asImageBitmap() }, contentDescription = null, modifier = modifier, contentScale = scale)
}
