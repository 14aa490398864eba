package dev.decant.core

import java.io.IOException

/**
 * Does [action]; [onFailure] gets in words what files, providers, the bundle or the runtime refused.
 *
 * Anything else is a fault of the app, or a cancellation, and goes on.
 */
inline fun <T> reporting(onFailure: (String) -> T, action: () -> T): T = try {
    action()
} catch (error: Exception) {
    if (!isExpected(error)) throw error
    onFailure(error.message ?: error.toString())
}

@PublishedApi
internal fun isExpected(error: Exception): Boolean = when (error) {
    is IOException,
    // A document or photo whose grant has ended, or that its provider does not know any more.
    is SecurityException, is IllegalArgumentException,
    is EngineException, is LadderException, is SidecarException,
    -> true
    else -> false
}
