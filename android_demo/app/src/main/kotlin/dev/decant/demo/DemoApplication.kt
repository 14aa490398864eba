package dev.decant.demo

import android.app.Application

/** Holds the one model that all screens share. */
class DemoApplication : Application() {
    val modelHost: ModelHost by lazy { ModelHost(this) }
}
