package androidx.lifecycle

import android.app.Application
import kotlinx.coroutines.CoroutineScope

interface LifecycleOwner

abstract class ViewModel {
    protected open fun onCleared() {}
}

open class AndroidViewModel(private val application: Application) : ViewModel() {
    @Suppress("UNCHECKED_CAST")
    fun <T : Application> getApplication(): T = application as T
}

class SavedStateHandle {
    operator fun <T> get(key: String): T? = error("stub")

    operator fun <T> set(key: String, value: T?): Unit = error("stub")
}

val ViewModel.viewModelScope: CoroutineScope get() = error("stub")
