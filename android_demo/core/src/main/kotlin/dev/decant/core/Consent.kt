package dev.decant.core

import com.google.gson.JsonObject

/** A wording of the question for consent: its number, and the SHA-256 of its text in every language. */
data class ConsentWording(val version: Int, val sha256: String)

/**
 * What a user agreed to, and when.
 *
 * @property givenMs in milliseconds since 1970.
 */
data class Consent(val givenMs: Long, val wording: ConsentWording) {
    /** When it was given, in ISO-8601 and UTC. */
    val given: String get() = isoTime(givenMs)

    /**
     * Whether what was kept at [keptMs] was kept with it, as a clock tells that has been [nowMs] since.
     *
     * A clock may be set back, and then a photo seems older than the consent that was asked for it.
     */
    fun covers(keptMs: Long, nowMs: Long): Boolean = keptMs in givenMs..nowMs

    internal fun toJson() = JsonObject().apply {
        addProperty("given", given)
        addProperty("text_version", wording.version)
        addProperty("text_sha256", wording.sha256)
    }

    internal companion object {
        fun of(json: JsonFields): Consent {
            val wording = ConsentWording(json.int("text_version", 1..Int.MAX_VALUE), json.string("text_sha256"))
            return Consent(json.time("given"), wording)
        }
    }
}
