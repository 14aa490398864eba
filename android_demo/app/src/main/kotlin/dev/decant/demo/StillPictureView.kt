package dev.decant.demo

import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxSize
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
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import dev.decant.core.WindowLayout
import dev.decant.core.reporting
import kotlinx.coroutines.launch

/** A photo that stands still: its boxes to be corrected or its labels, and a way to pass it on. */
@Composable
fun StillPictureView(still: StillPicture, layout: WindowLayout) {
    Share(still)
    val editor = still.editor
    if (editor != null) AnswerEditScreen(editor) else Named(still.answered, layout)
}

@Composable
private fun Share(still: StillPicture) {
    val context = LocalContext.current
    val scope = rememberCoroutineScope()
    val unable = rememberUnable()
    var failure by remember(still) { mutableStateOf<String?>(null) }
    OutlinedButton(
        onClick = {
            scope.launch {
                failure = reporting<String?>({ it }) {
                    val intent = SharedPicture(context).intent(still)
                    unable.unlessThereIsNoApp { context.startActivity(intent) }
                    null
                }
            }
        },
    ) {
        Text(stringResource(R.string.share))
    }
    unable.Message()
    Failure(R.string.share_failed_title, failure)
}

/** A photo and the labels that fit it. */
@Composable
private fun Named(answered: AnsweredPhoto, layout: WindowLayout) {
    if (layout.isSideBySide) {
        Row(Modifier.fillMaxSize(), horizontalArrangement = Arrangement.spacedBy(16.dp)) {
            Photo(answered, Modifier.weight(1f))
            Labels(answered, Modifier.weight(1f).verticalScroll(rememberScrollState()))
        }
    } else {
        Column(
            Modifier.fillMaxSize().verticalScroll(rememberScrollState()),
            verticalArrangement = Arrangement.spacedBy(12.dp),
        ) {
            Photo(answered)
            Labels(answered)
        }
    }
}

@Composable
private fun Photo(answered: AnsweredPhoto, modifier: Modifier = Modifier) {
    val answer = answered.answer
    Image(
        remember(answered) { answered.photo.asImageBitmap() },
        contentDescription = stringResource(R.string.edit_photo),
        modifier = modifier.aspectRatio(answer.width.toFloat() / answer.height),
        contentScale = ContentScale.Fit,
    )
}

@Composable
private fun Labels(answered: AnsweredPhoto, modifier: Modifier = Modifier) {
    Column(modifier, verticalArrangement = Arrangement.spacedBy(8.dp)) {
        Ranking(answered.answer.ranking.orEmpty())
        Text(stageTimes(answered.answer.times), style = MaterialTheme.typography.bodySmall)
    }
}
