package dev.decant.demo

import android.app.Application
import android.net.Uri
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import dev.decant.core.RungChoice
import dev.decant.core.reporting
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch

/** What the model screen says of the last thing that was asked of it. */
sealed interface BundleTask {
    data object None : BundleTask

    data object Taking : BundleTask

    data class Failed(val reason: String) : BundleTask
}

/**
 * Loads the model when the app opens and releases it when it is left for good, not on rotation; lets the
 * user choose another one, and how it is run.
 */
class ModelViewModel(application: Application) : AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val store = (application as DemoApplication).bundles
    private val mutableTask = MutableStateFlow<BundleTask>(BundleTask.None)

    val state: StateFlow<ModelState> = host.state
    val ladder: StateFlow<LadderState?> = host.ladder
    val choice: StateFlow<RungChoice> = host.choice
    val bundles: StateFlow<BundlesState> = store.state
    val task: StateFlow<BundleTask> = mutableTask.asStateFlow()

    init {
        host.retain()
        load()
    }

    fun load() {
        viewModelScope.launch { host.load() }
    }

    /** Runs the model on another accelerator, or with other threads. */
    fun choose(choice: RungChoice) {
        viewModelScope.launch { host.choose(choice) }
    }

    fun measureAgain() {
        viewModelScope.launch { host.measureAgain() }
    }

    /** Takes the bundle in a zip, and uses it. */
    fun takeZip(document: Uri) = work(BundleTask.Taking) { store.takeZip(document) }

    /** Takes the bundle in a folder, and uses it. */
    fun takeFolder(tree: Uri) = work(BundleTask.Taking) {
        store.take(TreeSource(getApplication<Application>().contentResolver, tree))
    }

    fun use(id: String) = work(BundleTask.None) { store.choose(id) }

    fun delete(id: String) = work(BundleTask.None) { store.delete(id) }

    /** Changes the models, then opens the one that is chosen where that is another. */
    private fun work(now: BundleTask, action: suspend () -> Unit) {
        viewModelScope.launch {
            val before = host.loaded()?.bundle?.id
            mutableTask.value = now
            mutableTask.value = reporting<BundleTask>(BundleTask::Failed) {
                action()
                BundleTask.None
            }
            val chosen = bundles.value.chosen?.id
            if (chosen != before) host.reload()
        }
    }

    override fun onCleared() = host.release()
}
