package dev.decant.core

/** Which way a camera looks, seen from the user. */
enum class CameraFacing {
    BACK, FRONT;

    val other: CameraFacing get() = if (this == BACK) FRONT else BACK

    /** This one where the device has it, else the other; null where it has none. */
    fun among(there: Set<CameraFacing>): CameraFacing? = listOf(this, other).firstOrNull { it in there }
}
