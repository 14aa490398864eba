package dev.decant.core

/** What the camera screen offers a user who has not allowed the camera. */
enum class PermissionOffer {
    /** The system's question. */
    ASK,

    /** The question, and the settings, too: it may be that no question is shown any more. */
    ASK_OR_SETTINGS,

    /** The settings: the system asks no more. */
    SETTINGS,
}

/**
 * What is known of the camera's permission.
 *
 * The system tells only whether it would explain itself before it asks again: it would after one refusal, and
 * not before it, nor after the last. So a question that was left without an answer looks like a refusal for
 * good, unless it is remembered that there was a refusal before.
 *
 * @property wasRefused whether there was a refusal since it was last allowed; to be remembered for good.
 * @property isRefusedForGood whether the system asks no more.
 * @property unanswered how often in a row the question was left without an answer.
 */
data class CameraPermission(
    val isAllowed: Boolean = false,
    val wasRefused: Boolean = false,
    val isRefusedForGood: Boolean = false,
    val unanswered: Int = 0,
) {
    val offer: PermissionOffer
        get() = when {
            isRefusedForGood -> PermissionOffer.SETTINGS
            unanswered >= 2 -> PermissionOffer.ASK_OR_SETTINGS
            else -> PermissionOffer.ASK
        }

    /**
     * The system's question was answered, or left.
     *
     * @param explains whether the system would explain itself before it asks again.
     */
    fun answered(granted: Boolean, explains: Boolean) = when {
        granted -> CameraPermission(isAllowed = true)
        explains -> CameraPermission(wasRefused = true)
        wasRefused -> CameraPermission(wasRefused = true, isRefusedForGood = true)
        else -> copy(isAllowed = false, unanswered = unanswered + 1)
    }

    /** The screen was opened, or the user is back, perhaps from the settings with another answer. */
    fun seen(granted: Boolean, explains: Boolean) = when {
        granted -> CameraPermission(isAllowed = true)
        explains -> CameraPermission(wasRefused = true)
        isAllowed -> CameraPermission()
        else -> this
    }

    /** The user was sent to the settings; there "ask every time" can be chosen, which nothing tells. */
    fun sentToSettings() = copy(isRefusedForGood = false, unanswered = 2)
}
