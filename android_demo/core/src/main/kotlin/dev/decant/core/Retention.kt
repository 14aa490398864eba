package dev.decant.core

const val BYTES_PER_MB = 1_000_000L

/** How much feedback is kept on the device; the oldest goes first. */
data class Retention(val maxRecords: Int, val maxBytes: Long, val maxAgeMs: Long) {
    val megabytes: Int get() = (maxBytes / BYTES_PER_MB).toInt()
    val days: Int get() = (maxAgeMs / MS_PER_DAY).toInt()

    constructor(records: Int, megabytes: Int, days: Int) :
        this(records, megabytes * BYTES_PER_MB, days * MS_PER_DAY)

    /** Whether something that [other] keeps may be deleted under this one. */
    fun isBelow(other: Retention): Boolean =
        maxRecords < other.maxRecords || maxBytes < other.maxBytes || maxAgeMs < other.maxAgeMs

    companion object {
        private const val MS_PER_DAY = 86_400_000L

        /** Until the user chooses. */
        val USUAL = Retention(records = 500, megabytes = 200, days = 90)

        // What can be chosen; the most is what one archive can hold.
        val RECORDS = listOf(100, 500, 2000)
        val MEGABYTES = listOf(50, 200, 450)
        val DAYS = listOf(30, 90, 365)
    }
}
