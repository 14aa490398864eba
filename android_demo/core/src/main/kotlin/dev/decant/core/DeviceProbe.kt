package dev.decant.core

import java.io.Serializable

/** What a device says of itself while it works. */
interface DeviceProbe {
    fun memory(): MemoryUse

    /** Null where the system does not say: before Android 10. */
    fun thermal(): Thermal?
}

/**
 * What this app takes of the memory.
 *
 * @property pssBytes all of its pages, those that it shares counted in part.
 * @property nativeHeapBytes what native code has allocated, such as a model's weights.
 */
data class MemoryUse(val pssBytes: Long, val nativeHeapBytes: Long) : Serializable {
    companion object {
        private const val serialVersionUID = 1L
    }
}

/** How much the system slows the device down because it is hot, in Android's words. */
enum class Thermal {
    NONE, LIGHT, MODERATE, SEVERE, CRITICAL, EMERGENCY, SHUTDOWN;

    companion object {
        /** The state of a number of PowerManager's; null for one that is not known. */
        fun of(status: Int): Thermal? = entries.getOrNull(status)
    }
}
