package dev.decant.demo

import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.OpenDocument
import androidx.activity.result.contract.ActivityResultContracts.OpenDocumentTree
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.material3.FilterChip
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import dev.decant.core.BYTES_PER_MB
import dev.decant.core.InstalledBundle

private const val ID_DIGITS = 8

// Providers differ in what they call a zip, and some say nothing.
private val ZIP_TYPES = arrayOf("application/zip", "application/x-zip-compressed", "application/octet-stream")

/** The models on this device, one of which is used; others can be imported and deleted. */
@Composable
fun Bundles(model: ModelViewModel) {
    val bundles by model.bundles.collectAsStateWithLifecycle()
    Heading(stringResource(R.string.bundles))
    Column(Modifier.selectableGroup()) {
        for (bundle in bundles.all) {
            FilterChip(
                bundle.id == bundles.chosen?.id,
                onClick = { model.use(bundle.id) },
                label = { Text(name(bundle, isOwn = bundle.id == bundles.own)) },
            )
        }
    }
    Import(model)
    bundles.chosen?.takeIf { it.id != bundles.own }?.let { Delete(it, model) }
}

@Composable
private fun name(bundle: InstalledBundle, isOwn: Boolean): String {
    val name = bundle.sidecar.model
    val megabytes = bundle.sizeBytes / BYTES_PER_MB.toDouble()
    return if (isOwn) stringResource(R.string.bundle_own, name, megabytes)
    else stringResource(R.string.bundle_imported, name, bundle.id.take(ID_DIGITS), megabytes)
}

@Composable
private fun Import(model: ModelViewModel) {
    val task by model.task.collectAsStateWithLifecycle()
    val unable = rememberUnable()
    val zip = rememberLauncherForActivityResult(OpenDocument()) { it?.let(model::takeZip) }
    val folder = rememberLauncherForActivityResult(OpenDocumentTree()) { it?.let(model::takeFolder) }
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
        val isFree = task != BundleTask.Taking
        OutlinedButton({ unable.unlessThereIsNoApp { zip.launch(ZIP_TYPES) } }, enabled = isFree) {
            Text(stringResource(R.string.bundle_import_zip))
        }
        OutlinedButton({ unable.unlessThereIsNoApp { folder.launch(null) } }, enabled = isFree) {
            Text(stringResource(R.string.bundle_import_folder))
        }
    }
    unable.Message()
    when (val now = task) {
        BundleTask.None -> Unit
        BundleTask.Taking -> Said(stringResource(R.string.bundle_importing))
        is BundleTask.Failed -> Failure(R.string.bundle_refused_title, now.reason)
    }
}

@Composable
private fun Delete(bundle: InstalledBundle, model: ModelViewModel) {
    var isAsked by rememberSaveable(bundle.id) { mutableStateOf(false) }
    OutlinedButton({ isAsked = true }) {
        Text(stringResource(R.string.bundle_delete, bundle.sidecar.model))
    }
    if (isAsked) {
        val wording = Wording(
            R.string.bundle_delete_title,
            R.string.bundle_delete_text,
            R.string.feedback_delete,
        )
        Question(wording) { yes ->
            isAsked = false
            if (yes) model.delete(bundle.id)
        }
    }
}
