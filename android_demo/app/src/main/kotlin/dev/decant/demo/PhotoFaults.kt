package dev.decant.demo

import androidx.annotation.StringRes
import dev.decant.core.PhotoFault

/** What is wrong with a photo, and what the user can do. */
val PhotoFault.text: Int
    @StringRes get() = when (this) {
        PhotoFault.GONE -> R.string.photo_gone
        PhotoFault.NOT_ALLOWED -> R.string.photo_not_allowed
        PhotoFault.PROVIDER_FAILED -> R.string.photo_provider_failed
        PhotoFault.EMPTY -> R.string.photo_empty
        PhotoFault.CUT_SHORT -> R.string.photo_cut_short
        PhotoFault.UNKNOWN_FORMAT -> R.string.photo_unknown_format
        PhotoFault.NO_PICTURE -> R.string.photo_no_picture
        PhotoFault.TOO_LITTLE_MEMORY -> R.string.photo_too_little_memory
    }
