package dev.decant.demo

import android.text.format.DateUtils
import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.size
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.produceState
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import dev.decant.core.FeedbackSummary
import dev.decant.core.Retention
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

private val THUMBNAIL = 72.dp

/** How many photos, how much and for how long; a lower limit deletes, so it is asked about first. */
@Composable
fun Limits(retention: Retention, onLimit: (Retention) -> Unit) {
    var lower by remember { mutableStateOf<Retention?>(null) }
    fun choose(chosen: Retention) {
        if (chosen.isBelow(retention)) lower = chosen else onLimit(chosen)
    }
    Column(verticalArrangement = Arrangement.spacedBy(4.dp)) {
        Heading(stringResource(R.string.feedback_limits))
        Text(
            stringResource(R.string.feedback_limits_text),
            style = MaterialTheme.typography.bodySmall,
        )
        Text(stringResource(R.string.feedback_limit_records))
        Choices(Retention.RECORDS, retention.maxRecords, { "$it" }) {
            choose(Retention(it, retention.megabytes, retention.days))
        }
        Text(stringResource(R.string.feedback_limit_megabytes))
        Choices(Retention.MEGABYTES, retention.megabytes, { "$it" }) {
            choose(Retention(retention.maxRecords, it, retention.days))
        }
        Text(stringResource(R.string.feedback_limit_days))
        Choices(Retention.DAYS, retention.days, { "$it" }) {
            choose(Retention(retention.maxRecords, retention.megabytes, it))
        }
    }
    lower?.let { chosen ->
        Question(LOWER) { yes ->
            lower = null
            if (yes) onLimit(chosen)
        }
    }
}

private val LOWER = Wording(
    R.string.feedback_lower_title,
    R.string.feedback_lower_text,
    R.string.feedback_lower,
)

/** One photo of the list: what it shows, when it was kept and how it was corrected. */
@Composable
fun KeptPhoto(record: FeedbackSummary, onDelete: (String) -> Unit) {
    val time = dateTime(record.stored.keptMs)
    val delete = stringResource(R.string.feedback_delete_photo, time)
    Row(
        modifier = Modifier.fillMaxWidth(),
        horizontalArrangement = Arrangement.spacedBy(12.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        Thumbnail(record.stored.image, stringResource(R.string.feedback_photo, time))
        Column(Modifier.weight(1f)) {
            Text(time)
            val corrections = record.content?.corrections
            Text(
                when (corrections) {
                    null -> stringResource(R.string.feedback_damaged)
                    0 -> stringResource(R.string.feedback_left_as_it_was)
                    else -> pluralStringResource(
                        R.plurals.feedback_corrections,
                        corrections,
                        corrections,
                    )
                },
                style = MaterialTheme.typography.bodySmall,
            )
        }
        TextButton(
            onClick = { onDelete(record.stored.id) },
            modifier = Modifier.semantics { contentDescription = delete },
        ) {
            Text(stringResource(R.string.feedback_delete))
        }
    }
}

/** A time as the user writes it. */
@Composable
fun dateTime(milliseconds: Long): String = DateUtils.formatDateTime(
    LocalContext.current,
    milliseconds,
    DateUtils.FORMAT_SHOW_DATE or DateUtils.FORMAT_SHOW_YEAR or DateUtils.FORMAT_SHOW_TIME,
)

@Composable
private fun Thumbnail(file: File, description: String) {
    val side = with(LocalDensity.current) { THUMBNAIL.toPx().toInt() }
    val picture by produceState<ImageBitmap?>(null, file) {
        value = withContext(Dispatchers.IO) { readThumbnail(file, side)?.asImageBitmap() }
    }
    Box(Modifier.size(THUMBNAIL)) {
        picture?.let {
            Image(
                bitmap = it,
                contentDescription = description,
                modifier = Modifier.fillMaxSize(),
                contentScale = ContentScale.Crop,
            )
        }
    }
}
