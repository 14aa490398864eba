package dev.decant.demo

import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.LocalResources
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import dev.decant.core.PhotoException
import dev.decant.core.WindowLayout
import dev.decant.core.reporting
import kotlinx.coroutines.launch

/**
 * A photo that stands still: its boxes to be corrected or what else was found, and a way to pass it on.
 *
 * @param controls of the screen that shows it.
 */
@Composable
fun StillPictureView(still: StillPicture, layout: WindowLayout, controls: @Composable () -> Unit) {
    val before = @Composable {
        controls()
        Share(still)
    }
    val editor = still.editor
    if (editor != null) AnswerEditScreen(editor, layout, before)
    else PictureLayout(layout, before, { Photo(still.answered) }) { Words(still.answered) }
}

/**
 * A picture and all that belongs to it: beside the picture, which is then whole, or [before] and [after] it.
 *
 * What is longer than the window scrolls.
 */
@Composable
fun PictureLayout(
    layout: WindowLayout,
    before: @Composable () -> Unit,
    picture: @Composable () -> Unit,
    after: @Composable () -> Unit,
) {
    if (layout.isSideBySide) {
        Row(Modifier.fillMaxSize().padding(16.dp), horizontalArrangement = Arrangement.spacedBy(16.dp)) {
            Box(Modifier.weight(1f).fillMaxHeight(), contentAlignment = Alignment.Center) { picture() }
            Scrolling(Modifier.weight(1f).fillMaxHeight()) {
                before()
                after()
            }
        }
    } else {
        Scrolling(Modifier.fillMaxSize().padding(16.dp)) {
            before()
            picture()
            after()
        }
    }
}

@Composable
private fun Scrolling(modifier: Modifier, content: @Composable () -> Unit) {
    Column(
        modifier.verticalScroll(rememberScrollState()),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        content()
    }
}

@Composable
private fun Share(still: StillPicture) {
    val context = LocalContext.current
    val resources = LocalResources.current
    val scope = rememberCoroutineScope()
    val unable = rememberUnable()
    var failure by remember(still) { mutableStateOf<String?>(null) }
    OutlinedButton(
        onClick = {
            scope.launch {
                failure = reporting<String?>({ it }) {
                    try {
                        val intent = SharedPicture(context).intent(still)
                        unable.unlessThereIsNoApp { context.startActivity(intent) }
                        null
                    } catch (error: PhotoException) {
                        resources.getString(error.fault.text)
                    }
                }
            }
        },
    ) {
        Text(stringResource(R.string.share))
    }
    unable.Message()
    Failure(R.string.share_failed_title, failure)
}

@Composable
private fun Photo(answered: AnsweredPhoto) {
    val answer = answered.answer
    Box(Modifier.aspectRatio(answer.width.toFloat() / answer.height)) {
        Image(
            remember(answered) { answered.photo.asImageBitmap() },
            contentDescription = stringResource(R.string.edit_photo),
            modifier = Modifier.fillMaxSize(),
            contentScale = ContentScale.Fit,
        )
        MaskOverlay(answer, Modifier.fillMaxSize(), ContentScale.Fit)
    }
}

@Composable
private fun Words(answered: AnsweredPhoto) {
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        FindingsInWords(answered.answer.findings)
        Text(stageTimes(answered.answer.times), style = MaterialTheme.typography.bodySmall)
    }
}
