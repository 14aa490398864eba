package dev.decant.core

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import java.io.File
import java.io.IOException

/**
 * Remembers what measuring a ladder gave, so that the next start need not measure.
 *
 * @param file where; a damaged or foreign one counts as none.
 */
class LadderMemory(private val file: File) {
    private val tried = File(file.path + ".tried")

    /** All that is written. */
    val files: List<File> get() = listOf(file, tried)

    /** The results under [key] for exactly these rungs; null where they have to be measured. */
    fun load(key: String, rungs: List<Rung>): List<RungResult>? = try {
        results(JsonFields.parse(file.readText()), key, rungs)
    } catch (_: IOException) {
        null
    } catch (_: SidecarException) {
        null
    }

    private fun results(fields: JsonFields, key: String, rungs: List<Rung>): List<RungResult>? {
        fields.int("schema", SCHEMA..SCHEMA)
        if (fields.string("key") != key) return null
        val found = fields.list("rungs") { element, path -> result(element, path, rungs) }
        return found.takeIf { it.map(RungResult::rung) == rungs }
    }

    private fun result(element: JsonElement, path: String, rungs: List<Rung>): RungResult {
        val fields = JsonFields.asFields(element, path)
        val accelerator = fields.choice<Accelerator>("accelerator")
        val threads = fields.nullable("threads") { fields.int(it, 1..Int.MAX_VALUE) }
        val rung = rungs.firstOrNull { it.accelerator == accelerator && it.threads == threads }
            ?: JsonFields.refuse(path, "is no rung")
        val latency = fields.nullable("latency_ms") { latency(fields.fields(it)) }
        val refusal = fields.nullable("refusal", fields::string)
        if ((latency == null) == (refusal == null)) JsonFields.refuse(path, "is neither taken nor refused")
        return RungResult(rung, latency, refusal)
    }

    private fun latency(fields: JsonFields) = Latency(
        fields.double("median"), fields.double("p90"), fields.double("p99"), fields.int("n", 1..Int.MAX_VALUE),
    )

    /**
     * Remembers [results] in place of all others.
     *
     * @throws IOException if there is no room.
     */
    fun save(key: String, results: List<RungResult>) {
        val json = JsonObject().apply {
            addProperty("schema", SCHEMA)
            addProperty("key", key)
            add("rungs", JsonArray().apply { results.forEach { add(json(it)) } })
        }
        file.writeWhole(json.toString().toByteArray())
    }

    private fun json(result: RungResult) = JsonObject().apply {
        addProperty("accelerator", result.rung.accelerator.name.lowercase())
        addProperty("threads", result.rung.threads)
        add("latency_ms", result.latency?.toJson() ?: JsonNull.INSTANCE)
        addProperty("refusal", result.refusal)
    }

    /** Forgets the results: the next start measures. What ended the app before is still not tried. */
    fun forgetResults() {
        file.delete()
    }

    /** Forgets everything, at the user's wish: the next start tries and measures every rung. */
    fun forget() = files.forEach { it.delete() }

    /** Remembers, beside the results, which rung was being tried when the app ended. */
    fun guard(key: String) = CrashGuard(tried, key)

    companion object {
        private const val SCHEMA = 1

        /**
         * What a measurement holds for.
         *
         * @param bundle its id, which changes with every file of it.
         * @param app its version, and so the runtime's.
         * @param system the device's, whose drivers change with it.
         */
        fun key(bundle: String, app: String, system: String): String =
            sha256("$bundle\n$app\n$system".toByteArray())
    }
}

/** The latency under the keys of `report.json`. */
internal fun Latency.toJson() = JsonObject().apply {
    addProperty("median", median)
    addProperty("p90", p90)
    addProperty("p99", p99)
    addProperty("n", n)
}
