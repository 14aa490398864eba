package dev.decant.core

import com.google.gson.JsonElement

private const val SCHEMA = 2

/** A metric of a model file on the offline test set, and its drop against the PyTorch model. */
data class Metric(val name: String, val value: Double, val drop: Double?)

/**
 * What `report.json` says beyond the sidecar.
 *
 * @property machine that everything was measured on when the model was built.
 * @property metrics by the name of the variant, in alphabetical order.
 */
data class Report(val machine: String, val metrics: Map<String, List<Metric>>) {
    companion object {
        /** Reads `report.json` of schema 2; null where it is of another schema or damaged. */
        fun read(text: String): Report? = try {
            of(JsonFields.parse(text))
        } catch (_: SidecarException) {
            null
        }

        private fun of(json: JsonFields): Report {
            json.int("schema", SCHEMA..SCHEMA)
            val machine = json.map("machine") { value, _ -> value }
            val place = listOf("device", "cpu", "architecture", "system")
                .mapNotNull { machine[it] }
                .filter { it.isJsonPrimitive }
                .map { it.asString }
                .filter { it.isNotEmpty() }
            val candidates = json.list("candidates") { row, path -> JsonFields.asFields(row, path) }
            return Report(place.joinToString(), candidates.associate { it.string("name") to metrics(it) })
        }

        private fun metrics(candidate: JsonFields): List<Metric> {
            val drops = candidate.map("drop", ::value)
            return candidate.map("accuracy", ::value).toSortedMap()
                .map { (name, value) -> Metric(name, value, drops[name]) }
        }

        private fun value(json: JsonElement, path: String): Double =
            JsonFields.asFields(json, path).double("value")
    }
}
