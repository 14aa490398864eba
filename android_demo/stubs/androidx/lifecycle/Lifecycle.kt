package androidx.lifecycle

import android.app.Application
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.StateFlow

abstract class Lifecycle {
    enum class State { DESTROYED, INITIALIZED, CREATED, STARTED, RESUMED }

    abstract val currentState: State
}

interface LifecycleOwner {
    val lifecycle: Lifecycle
}

fun interface Observer<T> {
    fun onChanged(value: T)
}

abstract class LiveData<T> {
    open val value: T? get() = error("stub")

    open fun observe(owner: LifecycleOwner, observer: Observer<in T>): Unit = error("stub")

    open fun removeObserver(observer: Observer<in T>): Unit = error("stub")
}

interface ViewModelStoreOwner

open class ViewModelProvider private constructor() {
    interface Factory
}

abstract class ViewModel {
    protected open fun onCleared() {}
}

open class AndroidViewModel(private val application: Application) : ViewModel() {
    @Suppress("UNCHECKED_CAST")
    open fun <T : Application> getApplication(): T = application as T
}

class SavedStateHandle() {
    operator fun <T> get(key: String): T? = error("stub")

    operator fun <T> set(key: String, value: T?): Unit = error("stub")

    fun <T> remove(key: String): T? = error("stub")

    fun <T> getStateFlow(key: String, initialValue: T): StateFlow<T> = error("stub")
}

val ViewModel.viewModelScope: CoroutineScope get() = error("stub")

val LifecycleOwner.lifecycleScope: CoroutineScope get() = error("stub")
