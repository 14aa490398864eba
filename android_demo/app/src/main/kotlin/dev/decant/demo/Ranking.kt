package dev.decant.demo

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import dev.decant.core.ScoredLabel

/** The labels that fit a picture best, with the scores that the model gives them. */
@Composable
fun Ranking(labels: List<ScoredLabel>) {
    Column(verticalArrangement = Arrangement.spacedBy(4.dp)) {
        labels.forEachIndexed { rank, (label, score) ->
            Row(
                // One stop for a screen reader, not two.
                Modifier.fillMaxWidth().semantics(mergeDescendants = true) {},
                horizontalArrangement = Arrangement.SpaceBetween,
            ) {
                val weight = if (rank == 0) FontWeight.Bold else FontWeight.Normal
                Text(label, fontWeight = weight, style = MaterialTheme.typography.titleMedium)
                Text(stringResource(R.string.score, score), fontWeight = weight)
            }
        }
    }
}
