package dev.decant.demo

import android.content.Context
import com.google.ai.edge.litert.Environment
import com.google.android.gms.common.api.ApiException
import com.google.android.gms.litert.LiteRt
import dev.decant.core.EngineException
import kotlinx.coroutines.tasks.await

/**
 * Opens the LiteRT runtime that Google Play services keeps on the device; the first time this can
 * mean a download.
 *
 * The GPU is not asked for here, so that rung of the ladder is refused and the reason shown.
 */
internal suspend fun openEnvironment(context: Context): Environment = try {
    LiteRt.initialize(context).await()
} catch (error: ApiException) {
    throw EngineException(
        "Google Play services gives no LiteRT (${error.message}); use the bundled build",
        error,
    )
}
