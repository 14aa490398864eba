package dev.decant.demo

import android.app.Application
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch

/** Loads the model when the app opens and releases it when it is left for good, not on rotation. */
class ModelViewModel(application: Application) : AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost

    val state: StateFlow<ModelState> = host.state

    init {
        host.retain()
        load()
    }

    fun load() {
        viewModelScope.launch { host.load() }
    }

    override fun onCleared() = host.release()
}
