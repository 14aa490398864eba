package kotlinx.coroutines.flow

interface Flow<out T>

interface StateFlow<out T> : Flow<T> {
    val value: T
}

interface MutableStateFlow<T> : StateFlow<T> {
    override var value: T
}

fun <T> MutableStateFlow(value: T): MutableStateFlow<T> = error("stub")

fun <T> MutableStateFlow<T>.asStateFlow(): StateFlow<T> = error("stub")

fun <T> MutableStateFlow<T>.update(function: (T) -> T): Unit = error("stub")

suspend fun <T> Flow<T>.first(predicate: suspend (T) -> Boolean): T = error("stub")
