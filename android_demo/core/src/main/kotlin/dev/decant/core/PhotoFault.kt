package dev.decant.core

import java.io.FileNotFoundException
import java.io.IOException
import java.util.concurrent.CancellationException

/** Why a photo cannot be opened or kept; an app has words for each, and for what the user can do. */
enum class PhotoFault {
    /** It is not there any more. */
    GONE,

    /** The app may not read it any more. */
    NOT_ALLOWED,

    /** The app that has it, such as a cloud's, fails. */
    PROVIDER_FAILED,

    /** Its file has no bytes. */
    EMPTY,

    /** Its file ends before the picture does. */
    CUT_SHORT,

    /** HEIC or AVIF, which this phone has no decoder for. */
    UNKNOWN_FORMAT,

    /** Its file is damaged, or is none of a picture. */
    NO_PICTURE,

    TOO_LITTLE_MEMORY,
}

/** A photo cannot be opened or kept. */
class PhotoException(val fault: PhotoFault, cause: Throwable? = null) :
    IOException("the photo cannot be used: ${fault.name.lowercase().replace('_', ' ')}", cause)

/**
 * Opens, decodes, turns or encodes a photo.
 *
 * @throws PhotoException if that fails in any way, except that it is cancelled.
 */
inline fun <T> onPhoto(action: () -> T): T = try {
    action()
} catch (error: OutOfMemoryError) {
    throw PhotoException(PhotoFault.TOO_LITTLE_MEMORY, error)
} catch (error: Exception) {
    // A provider is another app: it throws what it likes, across the border of the process too.
    throw photoError(error)
}

@PublishedApi
internal fun photoError(error: Exception): Exception = when (error) {
    is PhotoException, is CancellationException -> error
    is SecurityException -> PhotoException(PhotoFault.NOT_ALLOWED, error)
    is FileNotFoundException -> PhotoException(PhotoFault.GONE, error)
    else -> PhotoException(PhotoFault.PROVIDER_FAILED, error)
}
