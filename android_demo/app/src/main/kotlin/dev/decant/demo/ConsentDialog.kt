package dev.decant.demo

import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource

/** Asks whether photos may be kept, in the words that CONSENT_TEXT_VERSION counts. */
@Composable
fun ConsentDialog(onAnswer: (Boolean) -> Unit) = Question(
    Wording(
        R.string.feedback_consent_title,
        R.string.feedback_consent_text,
        R.string.feedback_consent_agree,
        R.string.feedback_consent_refuse,
    ),
    onAnswer,
)

/** The words of a question that is answered with yes or no. */
class Wording(
    @param:StringRes val title: Int,
    @param:StringRes val text: Int,
    @param:StringRes val yes: Int,
    @param:StringRes val no: Int = R.string.cancel,
)

/** A dialogue that has to be answered; leaving it means no. */
@Composable
fun Question(wording: Wording, onAnswer: (Boolean) -> Unit) {
    AlertDialog(
        onDismissRequest = { onAnswer(false) },
        confirmButton = { TextButton({ onAnswer(true) }) { Text(stringResource(wording.yes)) } },
        dismissButton = { TextButton({ onAnswer(false) }) { Text(stringResource(wording.no)) } },
        title = { Text(stringResource(wording.title)) },
        text = {
            // Long in large letters: it has to be readable to its end.
            Column(Modifier.verticalScroll(rememberScrollState())) {
                Text(stringResource(wording.text))
            }
        },
    )
}
