package dev.decant.demo

import android.app.Application

/** Holds the models, the one that is open, and the feedback, which all screens share. */
class DemoApplication : Application() {
    val bundles: BundleStore by lazy { BundleStore(this) }
    val modelHost: ModelHost by lazy { ModelHost(this, bundles) }
    val feedback: FeedbackStore by lazy { FeedbackStore(this) }
}
