package dev.decant.core

import java.io.IOException
import java.util.concurrent.CancellationException

/**
 * Does [action]; [onFailure] gets in words what files, providers, the bundle, the runtime or the memory refused.
 *
 * Anything else is a fault of the app, or a cancellation, and goes on. Want of memory is neither: another model or
 * photo has room, and a model that has none would end the app at every start.
 */
inline fun <T> reporting(onFailure: (String) -> T, action: () -> T): T = try {
    action()
} catch (error: OutOfMemoryError) {
    onFailure("there is too little memory left (${error.message}); $MORE_MEMORY")
} catch (error: Exception) {
    if (!isExpected(error)) throw error
    onFailure(error.message ?: error.toString())
}

/**
 * Opens or asks for a document of another app, which throws what it likes, across the border of the process too.
 *
 * @throws IOException if that app fails; what [reporting] tells anyway goes on as it is.
 */
inline fun <T> onDocument(name: String, action: () -> T): T = try {
    action()
} catch (error: RuntimeException) {
    throw documentError(name, error)
}

@PublishedApi
internal fun documentError(name: String, error: RuntimeException): Exception =
    if (error is CancellationException || isExpected(error)) error
    else IOException("$name: the app that has it fails ($error); choose another place", error)

@PublishedApi
internal const val MORE_MEMORY = "close other apps and try again, or choose a smaller model or photo"

@PublishedApi
internal fun isExpected(error: Exception): Boolean = when (error) {
    is IOException,
    // A document or photo whose grant has ended, or that its provider does not know any more.
    is SecurityException, is IllegalArgumentException,
    is EngineException, is LadderException, is SidecarException,
    -> true
    else -> false
}
