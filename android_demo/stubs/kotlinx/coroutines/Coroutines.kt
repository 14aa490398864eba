package kotlinx.coroutines

import java.util.concurrent.ExecutorService
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.AbstractCoroutineContextElement

interface CoroutineScope

interface Job {
    fun cancel()
}

abstract class CoroutineDispatcher : AbstractCoroutineContextElement(Key) {
    companion object Key : CoroutineContext.Key<CoroutineDispatcher>
}

object Dispatchers {
    val IO: CoroutineDispatcher get() = error("stub")
}

fun MainScope(): CoroutineScope = error("stub")

fun <T> runBlocking(block: suspend CoroutineScope.() -> T): T = error("stub")

fun ExecutorService.asCoroutineDispatcher(): CoroutineDispatcher = error("stub")

fun CoroutineScope.launch(block: suspend CoroutineScope.() -> Unit): Job = error("stub")

suspend fun <T> withContext(context: CoroutineContext, block: suspend CoroutineScope.() -> T): T =
    error("stub")
