package dev.decant.core

/**
 * The lasting rights of this app to read photos of others, by their address.
 *
 * A picker lets read a photo until the activity is finished. A right that is taken lasts until it is
 * released, over restarts of the phone too, and a phone gives an app 128 of them (Android 7) to 5,000.
 */
interface PhotoRights {
    fun held(): Set<String>

    /** Takes one; does nothing where the picker does not offer it. */
    fun take(photo: String)

    fun release(photo: String)
}

/** Holds the right to read [photo], which is shown, and no other; none if it is null. */
fun PhotoRights.holdOnly(photo: String?) {
    if (photo != null && photo !in held()) take(photo)
    for (other in held()) if (other != photo) release(other)
}
