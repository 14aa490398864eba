package androidx.activity.result

import androidx.activity.result.contract.ActivityResultContracts
import androidx.core.app.ActivityOptionsCompat

abstract class ActivityResultLauncher<I> {
    open fun launch(input: I): Unit = error("stub")

    abstract fun launch(input: I, options: ActivityOptionsCompat?)
}

class PickVisualMediaRequest internal constructor()

fun PickVisualMediaRequest(
    mediaType: ActivityResultContracts.PickVisualMedia.VisualMediaType =
        ActivityResultContracts.PickVisualMedia.ImageAndVideo,
): PickVisualMediaRequest = error("stub")
