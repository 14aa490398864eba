package dev.decant.demo

import org.json.JSONException
import org.json.JSONObject

private const val SCHEMA = 1

/** A metric of a model file on the offline test set, and its drop against the PyTorch model. */
data class Metric(val name: String, val value: Double, val drop: Double?)

/**
 * What `report.json` says beyond the sidecar.
 *
 * @property machine that everything was measured on when the model was built.
 * @property metrics by the name of the variant.
 */
data class Report(val machine: String, val metrics: Map<String, List<Metric>>) {
    companion object {
        /** Reads `report.json` of schema 1; null where it is of another schema or damaged. */
        fun read(text: String): Report? = try {
            JSONObject(text).takeIf { it.getInt("schema") == SCHEMA }?.let(::of)
        } catch (_: JSONException) {
            null
        }

        private fun of(json: JSONObject): Report {
            val machine = json.getJSONObject("machine")
            val place = listOf("device", "cpu", "architecture", "system")
                .map { machine.optString(it) }
                .filter { it.isNotEmpty() }
            val rows = json.getJSONArray("candidates")
            val candidates = List(rows.length(), rows::getJSONObject)
            return Report(
                place.joinToString(),
                candidates.associate { it.getString("name") to metrics(it) },
            )
        }

        private fun metrics(candidate: JSONObject): List<Metric> {
            val accuracy = candidate.getJSONObject("accuracy")
            val drops = candidate.getJSONObject("drop")
            return accuracy.keys().asSequence().sorted().map { name ->
                val drop = drops.optJSONObject(name)?.getDouble("value")
                Metric(name, accuracy.getJSONObject(name).getDouble("value"), drop)
            }.toList()
        }
    }
}
