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
import dev.decant.core.ConsentWording
import dev.decant.core.Retention

/** Of the wording in feedback_consent_text; to be raised whenever that changes in any language. */
const val CONSENT_TEXT_VERSION = 2

/** Of that wording in all languages, which tells it from those of other apps. */
const val CONSENT_TEXT_SHA256 = "2676f5c6075fc74541b0bb6a183ba394a346b4776a0a8edcecf99a2d9c22fba5"

val CONSENT_WORDING = ConsentWording(CONSENT_TEXT_VERSION, CONSENT_TEXT_SHA256)

/** Asks whether photos may be kept within [limits], in the words of [CONSENT_WORDING]. */
@Composable
fun ConsentDialog(limits: Retention, onAnswer: (Boolean) -> Unit) = Question(
    Wording(
        R.string.feedback_consent_title,
        R.string.feedback_consent_text,
        R.string.feedback_consent_agree,
        R.string.feedback_consent_refuse,
    ),
    consentText(limits),
    onAnswer,
)

@Composable
fun consentText(limits: Retention): String = stringResource(
    R.string.feedback_consent_text,
    limits.maxRecords,
    limits.megabytes,
    limits.days,
    contact(),
)

/** Whom users can ask about their photos; that nobody was named, where whoever built the app did not. */
@Composable
fun contact(): String =
    stringResource(R.string.feedback_contact).ifBlank { stringResource(R.string.feedback_no_contact) }

/** The words of a question that is answered with yes or no. */
class Wording(
    @param:StringRes val title: Int,
    @param:StringRes val text: Int,
    @param:StringRes val yes: Int,
    @param:StringRes val no: Int = R.string.cancel,
)

@Composable
fun Question(wording: Wording, onAnswer: (Boolean) -> Unit) =
    Question(wording, stringResource(wording.text), onAnswer)

/** A dialogue that has to be answered; leaving it means no. */
@Composable
private fun Question(wording: Wording, text: String, onAnswer: (Boolean) -> Unit) {
    AlertDialog(
        onDismissRequest = { onAnswer(false) },
        confirmButton = { TextButton({ onAnswer(true) }) { Text(stringResource(wording.yes)) } },
        dismissButton = { TextButton({ onAnswer(false) }) { Text(stringResource(wording.no)) } },
        title = { Text(stringResource(wording.title)) },
        text = {
            // Long in large letters: it has to be readable to its end.
            Column(Modifier.verticalScroll(rememberScrollState())) { Text(text) }
        },
    )
}
