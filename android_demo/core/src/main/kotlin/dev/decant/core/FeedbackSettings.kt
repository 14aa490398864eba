package dev.decant.core

import com.google.gson.JsonNull
import com.google.gson.JsonObject
import java.io.File
import java.io.IOException

/**
 * The user's consent and limits, in a file beside what is kept: a backup that brought them to another
 * phone would bring a consent that nobody gave there.
 *
 * @property consent what the user last agreed to, perhaps to an older wording.
 */
data class FeedbackSettings(val consent: Consent? = null, val retention: Retention = Retention.USUAL) {
    internal fun write(file: File) = file.writeWhole(toJson().toString().toByteArray())

    private fun toJson() = JsonObject().apply {
        add("consent", consent?.toJson() ?: JsonNull.INSTANCE)
        addProperty("max_records", retention.maxRecords)
        addProperty("max_bytes", retention.maxBytes)
        addProperty("max_age_ms", retention.maxAgeMs)
    }

    internal companion object {
        /** What a file says; that there is no consent where it is missing or damaged. */
        fun read(file: File): FeedbackSettings = try {
            of(JsonFields.parse(file.readText()))
        } catch (_: IOException) {
            FeedbackSettings()
        } catch (_: SidecarException) {
            FeedbackSettings()
        }

        private fun of(json: JsonFields) = FeedbackSettings(
            json.nullable("consent") { Consent.of(json.fields(it)) },
            Retention(json.int("max_records", 1..Int.MAX_VALUE), json.long("max_bytes"), json.long("max_age_ms")),
        )
    }
}
