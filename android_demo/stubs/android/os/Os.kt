package android.os

class Bundle

object Build {
    val MANUFACTURER: String get() = error("stub")
    val MODEL: String get() = error("stub")
    val SUPPORTED_ABIS: Array<String> get() = error("stub")

    object VERSION {
        val RELEASE: String get() = error("stub")
        val SDK_INT: Int get() = error("stub")
    }
}

object SystemClock {
    fun elapsedRealtimeNanos(): Long = error("stub")
}
