package dev.decant.demo

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.Button
import androidx.compose.material3.FilterChip
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.withFrameNanos
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import dev.decant.core.WindowLayout

/**
 * A photo that stands still with its answer, which the user can correct and keep.
 *
 * @param before what comes first of all that belongs to it.
 */
@Composable
fun AnswerEditScreen(editor: AnswerEditor, layout: WindowLayout, before: @Composable () -> Unit = {}) {
    val state by editor.state.collectAsStateWithLifecycle()
    // Resumes at the refresh after the one that draws the photo and its boxes for the first time.
    LaunchedEffect(editor) {
        withFrameNanos {}
        editor.onShown()
    }
    PictureLayout(
        layout,
        before = {
            before()
            Times(state, editor.answered.answer)
        },
        picture = { EditedPhoto(editor, state) },
    ) {
        if (state.keeping == Keeping.Done) {
            Said(stringResource(R.string.edit_kept))
        } else {
            Tools(editor, state)
            Labels(editor, state)
            Keep(editor, state)
        }
    }
    if (state.keeping == Keeping.NeedsConsent) ConsentDialog(editor.limits, editor::onConsent)
}

@Composable
private fun Times(state: EditorState, answer: Answer) {
    Column {
        state.shutterToScreenMs?.let {
            Text(stringResource(R.string.live_times, it))
        }
        Text(stageTimes(answer.times), style = MaterialTheme.typography.bodySmall)
    }
}

@Composable
private fun Tools(editor: AnswerEditor, state: EditorState) {
    Text(stringResource(R.string.edit_hint), style = MaterialTheme.typography.bodySmall)
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
        FilterChip(
            selected = state.drawing,
            onClick = { editor.setDrawing(!state.drawing) },
            label = { Text(stringResource(R.string.edit_draw)) },
        )
        OutlinedButton({ editor.change { it.drawInMiddle(state.label) } }) {
            Text(stringResource(R.string.edit_draw_in_middle))
        }
        OutlinedButton({ state.selected?.let(editor::delete) }, enabled = state.selected != null) {
            Text(stringResource(R.string.edit_delete))
        }
        OutlinedButton(editor::undo, enabled = state.edit.canUndo) {
            Text(stringResource(R.string.edit_undo))
        }
    }
}

/** Which label a drawn box gets; there is nothing to choose where the model knows only one. */
@Composable
private fun Labels(editor: AnswerEditor, state: EditorState) {
    val labels = editor.answered.labels
    if (labels.size < 2) return
    Heading(stringResource(R.string.edit_label))
    Choices(labels, state.label, { it }, editor::setLabel)
}

@Composable
private fun Keep(editor: AnswerEditor, state: EditorState) {
    OutlinedTextField(
        value = state.remark,
        onValueChange = editor::write,
        modifier = Modifier.fillMaxWidth(),
        label = { Text(stringResource(R.string.edit_remark)) },
    )
    val count = state.edit.corrections(state.remark).size
    Button(editor::keep, enabled = state.isOpen && state.isShown) {
        Text(
            if (count == 0) stringResource(R.string.edit_keep_right)
            else pluralStringResource(R.plurals.edit_keep, count, count),
        )
    }
    when (val keeping = state.keeping) {
        Keeping.Working -> Said(stringResource(R.string.edit_keeping))
        is Keeping.Failed -> Failure(R.string.edit_keep_failed_title, keeping.reason)
        is Keeping.Unusable ->
            Failure(R.string.edit_keep_failed_title, stringResource(keeping.fault.text))
        else -> Unit
    }
}
