package android.app

import android.content.Context
import android.content.Intent

open class Application : Context()

open class Activity : Context() {
    val application: Application get() = error("stub")

    open fun startActivity(intent: Intent): Unit = error("stub")

    fun shouldShowRequestPermissionRationale(permission: String): Boolean = error("stub")
}
