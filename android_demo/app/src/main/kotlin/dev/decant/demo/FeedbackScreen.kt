package dev.decant.demo

import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.CreateDocument
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.Button
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import dev.decant.core.BYTES_PER_MB

private enum class Asked(val wording: Wording) {
    DELETE_ALL(
        Wording(
            R.string.feedback_delete_all_title,
            R.string.feedback_delete_all_text,
            R.string.feedback_delete_all,
        ),
    ),
    WITHDRAW(
        Wording(
            R.string.feedback_withdraw_title,
            R.string.feedback_withdraw_text,
            R.string.feedback_withdraw,
        ),
    ),
}

/** What is kept on the device, with everything that the user may do with it. */
@Composable
fun FeedbackScreen(feedback: FeedbackViewModel) {
    val state by feedback.state.collectAsStateWithLifecycle()
    val records = state.records
    var asked by rememberSaveable { mutableStateOf<Asked?>(null) }
    LazyColumn(
        Modifier.fillMaxSize(),
        contentPadding = PaddingValues(16.dp),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        if (records != null) item { ConsentState(state) { asked = Asked.WITHDRAW } }
        item { Limits(state.retention, feedback::limit) }
        item { Heading(stringResource(R.string.feedback_records)) }
        item { Records(feedback, state) { asked = Asked.DELETE_ALL } }
        items(records.orEmpty(), key = { it.stored.id }) { KeptPhoto(it, feedback::delete) }
    }
    asked?.let { question ->
        Question(question.wording) { yes ->
            asked = null
            if (yes) feedback.carryOut(question)
        }
    }
}

private fun FeedbackViewModel.carryOut(asked: Asked) = when (asked) {
    Asked.DELETE_ALL -> deleteAll()
    Asked.WITHDRAW -> withdraw()
}

@Composable
private fun ConsentState(state: FeedbackState, onWithdraw: () -> Unit) {
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        Heading(stringResource(R.string.feedback_consent))
        val consent = state.consent
        if (consent == null) {
            Text(stringResource(R.string.feedback_consent_none))
        } else {
            val (givenMs, wording) = consent
            Text(
                stringResource(
                    R.string.feedback_consent_given,
                    dateTime(givenMs),
                    wording.version,
                ),
            )
            if (wording != CONSENT_WORDING) Text(stringResource(R.string.feedback_consent_earlier))
            Text(stringResource(R.string.feedback_ask, contact()))
            OutlinedButton(onWithdraw) { Text(stringResource(R.string.feedback_withdraw)) }
        }
    }
}

/** How much there is, and what can be done with all of it. */
@Composable
private fun Records(feedback: FeedbackViewModel, state: FeedbackState, onDeleteAll: () -> Unit) {
    val task by feedback.task.collectAsStateWithLifecycle()
    val records = state.records ?: return
    val create = rememberLauncherForActivityResult(CreateDocument("application/zip")) { uri ->
        if (uri != null) feedback.export(uri)
    }
    val unable = rememberUnable()
    Column(modifier = Modifier.fillMaxWidth(), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        if (records.isEmpty()) {
            Text(stringResource(R.string.feedback_empty))
        } else {
            val megabytes = records.sumOf { it.stored.sizeBytes }.toDouble() / BYTES_PER_MB
            Text(
                pluralStringResource(
                    R.plurals.feedback_count,
                    records.size,
                    records.size,
                    megabytes,
                ),
            )
            FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
                val idle = task !is FeedbackTask.Exporting
                Button(
                    onClick = { unable.unlessThereIsNoApp { create.launch("feedback.zip") } },
                    enabled = idle,
                ) {
                    Text(stringResource(R.string.feedback_export))
                }
                OutlinedButton(onDeleteAll, enabled = idle) {
                    Text(stringResource(R.string.feedback_delete_all))
                }
            }
        }
        unable.Message()
        TaskState(task)
    }
}

@Composable
private fun TaskState(task: FeedbackTask) {
    when (task) {
        FeedbackTask.None -> Unit
        is FeedbackTask.Exporting -> {
            Said(stringResource(R.string.feedback_exporting))
            LinearProgressIndicator(progress = { task.share }, modifier = Modifier.fillMaxWidth())
        }
        is FeedbackTask.Done -> {
            val (count, others) = task.exported
            Said(pluralStringResource(R.plurals.feedback_exported, count, count))
            if (others > 0) {
                Text(
                    pluralStringResource(R.plurals.feedback_not_exported, others, others),
                    style = MaterialTheme.typography.bodySmall,
                )
            }
        }
        is FeedbackTask.Failed -> Failure(R.string.feedback_failed_title, task.reason)
    }
}
