package dev.decant.demo

import android.app.Application
import android.net.Uri
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import dev.decant.core.Retention
import dev.decant.core.reporting
import java.io.IOException
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch

/** What the feedback screen says of the last thing that was asked of it. */
sealed interface FeedbackTask {
    data object None : FeedbackTask

    data class Exporting(val share: Float) : FeedbackTask

    data class Done(val exported: Exported) : FeedbackTask

    data class Failed(val reason: String) : FeedbackTask
}

/** Lets the user see, limit, export and delete what is kept. */
class FeedbackViewModel(application: Application) : AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val store = (application as DemoApplication).feedback
    private val archive = FeedbackArchive(application.contentResolver)
    private val mutableTask = MutableStateFlow<FeedbackTask>(FeedbackTask.None)

    val state: StateFlow<FeedbackState> = store.state
    val task: StateFlow<FeedbackTask> = mutableTask.asStateFlow()

    init {
        work { store.open() }
    }

    fun delete(id: String) = work { store.delete(id) }

    fun deleteAll() = work { store.deleteAll() }

    fun withdraw() = work { store.withdraw() }

    fun limit(retention: Retention) = work { store.limit(retention) }

    fun export(to: Uri) = work {
        val sidecar = host.loaded()?.sidecar ?: throw IOException("the model is not loaded")
        mutableTask.value = FeedbackTask.Exporting(0f)
        val exported = store.withRecords { records ->
            archive.write(records, sidecar, to) {
                mutableTask.value = FeedbackTask.Exporting(it)
            }
        }
        mutableTask.value = FeedbackTask.Done(exported)
    }

    private fun work(action: suspend () -> Unit) {
        viewModelScope.launch {
            mutableTask.value = FeedbackTask.None
            reporting({ mutableTask.value = FeedbackTask.Failed(it) }) { action() }
        }
    }
}
