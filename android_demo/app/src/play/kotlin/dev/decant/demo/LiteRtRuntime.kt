package dev.decant.demo

import android.content.Context
import com.google.ai.edge.litert.Environment
import com.google.android.gms.common.api.ApiException
import com.google.android.gms.common.api.CommonStatusCodes
import com.google.android.gms.litert.LiteRt
import dev.decant.core.EngineException
import dev.decant.core.playServicesRefusal
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.tasks.await

/**
 * Opens the LiteRT runtime that Google Play services keeps on the device; the first time this can
 * mean a download.
 *
 * The GPU is not asked for here, so that rung of the ladder is refused and the reason shown.
 *
 * @throws EngineException if there is none; it says what to do.
 */
@Suppress("TooGenericExceptionCaught") // A task ends with any exception, and the reference names none.
internal suspend fun openEnvironment(context: Context): Environment = try {
    LiteRt.initialize(context).await()
} catch (error: CancellationException) {
    throw error
} catch (error: ApiException) {
    val name = CommonStatusCodes.getStatusCodeString(error.statusCode)
    throw EngineException(playServicesRefusal(error.statusCode, name, error.message), error)
} catch (error: Exception) {
    throw EngineException(playServicesRefusal(null, error.javaClass.simpleName, error.message), error)
}
