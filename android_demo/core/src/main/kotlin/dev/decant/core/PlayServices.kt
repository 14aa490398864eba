package dev.decant.core

// Of com.google.android.gms.common.ConnectionResult and .api.CommonStatusCodes.
private const val SERVICE_MISSING = 1
private const val UPDATE_REQUIRED = 2
private const val SERVICE_DISABLED = 3
private const val NETWORK_ERROR = 7
private const val TIMEOUT = 15
private const val UPDATING = 18

/**
 * Why Google Play services give no runtime, and what can be done.
 *
 * @param code of their status; null where the failure has none.
 * @param name of the status or of the failure.
 */
fun playServicesRefusal(code: Int?, name: String, message: String?): String {
    val action = when (code) {
        SERVICE_MISSING -> "this device has none: install the bundled build of this app"
        UPDATE_REQUIRED -> "update Google Play services, then try again"
        SERVICE_DISABLED -> "enable Google Play services in the settings, then try again"
        NETWORK_ERROR, TIMEOUT -> "connect to the internet once, for the runtime is downloaded, then try again"
        UPDATING -> "they are being updated: wait, then try again"
        else -> "try again, or install the bundled build of this app"
    }
    val said = listOfNotNull(name, message?.takeIf { it.isNotBlank() && it != name }).joinToString(": ")
    return "Google Play services give no LiteRT ($said); $action"
}
