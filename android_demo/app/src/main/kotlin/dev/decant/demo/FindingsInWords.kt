package dev.decant.demo

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import dev.decant.core.Findings
import dev.decant.core.ScoredLabel
import dev.decant.core.maskColour

/** What was found in a picture, as far as it is not drawn into it. */
@Composable
fun FindingsInWords(findings: Findings) = when (findings) {
    is Findings.Boxes -> Unit
    is Findings.Ranking -> Ranking(findings.labels)
    is Findings.Mask -> Shares(findings)
    is Findings.Reading -> Reading(findings)
    Findings.Undecoded -> Text(stringResource(R.string.no_decoder))
}

/** The labels that fit a picture best, with the scores that the model gives them. */
@Composable
private fun Ranking(labels: List<ScoredLabel>) = Lines(labels) { rank, (label, score) ->
    val weight = if (rank == 0) FontWeight.Bold else FontWeight.Normal
    Text(label, fontWeight = weight, style = MaterialTheme.typography.titleMedium)
    Text(stringResource(R.string.score, score), fontWeight = weight)
}

/** The labels of a mask, each in its colour, with the share of the picture that it has, and what a crop cut away. */
@Composable
private fun Shares(mask: Findings.Mask) {
    Lines(mask.shares) { _, (index, label, share) ->
        // The photo shows through the first.
        Explained(if (index > 0) maskColour(index) else null, label)
        Text(stringResource(R.string.share_of_picture, PERCENT * share))
    }
    if (mask.isCut) Explained(UNSEEN_COLOUR, stringResource(R.string.unseen))
}

/** Says what a colour stands for. */
@Composable
private fun Explained(colour: Int?, text: String) = Row(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
    colour?.let { Text("■", modifier = Modifier.clearAndSetSemantics {}, color = Color(OPAQUE or it)) }
    Text(text, style = MaterialTheme.typography.titleMedium)
}

@Composable
private fun Reading(reading: Findings.Reading) {
    if (reading.text.isEmpty()) return Text(stringResource(R.string.read_nothing))
    Lines(listOf(reading)) { _, (text, score) ->
        SelectionContainer {
            Text(text, fontWeight = FontWeight.Bold, style = MaterialTheme.typography.titleMedium)
        }
        Text(stringResource(R.string.score, score))
    }
}

@Composable
private fun <T> Lines(all: List<T>, line: @Composable (Int, T) -> Unit) {
    Column(verticalArrangement = Arrangement.spacedBy(4.dp)) {
        all.forEachIndexed { number, each ->
            Row(
                // One stop for a screen reader, not two.
                Modifier.fillMaxWidth().semantics(mergeDescendants = true) {},
                horizontalArrangement = Arrangement.SpaceBetween,
            ) {
                line(number, each)
            }
        }
    }
}

private const val OPAQUE = 0xFF shl 24
private const val UNSEEN_COLOUR = 0
private const val PERCENT = 100
