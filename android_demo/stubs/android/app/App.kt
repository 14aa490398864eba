package android.app

import android.content.Context
import android.content.Intent

class Instrumentation {
    val targetContext: Context get() = error("stub")
}

open class Application : Context()

open class Activity : Context() {
    val application: Application get() = error("stub")

    open fun startActivity(intent: Intent): Unit = error("stub")

    fun shouldShowRequestPermissionRationale(permission: String): Boolean = error("stub")
}
