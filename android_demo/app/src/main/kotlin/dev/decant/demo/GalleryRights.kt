package dev.decant.demo

import android.content.ContentResolver
import android.content.Intent
import android.net.Uri
import dev.decant.core.PhotoRights

/** The rights to read others' photos that Android keeps for this app, which takes no other. */
class GalleryRights(private val resolver: ContentResolver) : PhotoRights {
    override fun held(): Set<String> =
        resolver.persistedUriPermissions.map { it.uri.toString() }.toSet()

    override fun take(photo: String) = ifOffered {
        resolver.takePersistableUriPermission(Uri.parse(photo), Intent.FLAG_GRANT_READ_URI_PERMISSION)
    }

    override fun release(photo: String) = ifOffered {
        resolver.releasePersistableUriPermission(
            Uri.parse(photo),
            Intent.FLAG_GRANT_READ_URI_PERMISSION,
        )
    }

    /** Not every picker offers a right that lasts; the photo then has to be chosen again. */
    private fun ifOffered(action: () -> Unit) = try {
        action()
    } catch (_: SecurityException) {
        // What is not offered, or was taken back meanwhile, is not held.
    }
}
