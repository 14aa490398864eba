package dev.decant.demo

import android.app.Application

/** Holds the one model and the one store of feedback that all screens share. */
class DemoApplication : Application() {
    val modelHost: ModelHost by lazy { ModelHost(this) }
    val feedback: FeedbackStore by lazy { FeedbackStore(this) }
}
