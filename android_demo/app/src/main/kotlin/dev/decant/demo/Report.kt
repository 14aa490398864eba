package dev.decant.demo

import org.json.JSONException
import org.json.JSONObject

private const val SCHEMA = 1

/** A requirement of the model's spec, and what was measured when the model was built. */
data class Requirement(
    val name: String,
    val limit: String,
    val measured: String?,
    val status: String,
)

/** A metric of the model on the offline test set, and its drop against the PyTorch model. */
data class Metric(val name: String, val value: Double, val drop: Double?)

/** The part of `report.json` that the about screen shows: where it was measured, and what. */
data class Report(
    val machine: String,
    val requirements: List<Requirement>,
    val metrics: List<Metric>,
) {
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
            val rows = json.getJSONArray("verdict")
            val requirements = List(rows.length()) { requirement(rows.getJSONObject(it)) }
            val candidates = json.getJSONArray("candidates")
            val chosen = List(candidates.length(), candidates::getJSONObject)
                .firstOrNull { it.getBoolean("chosen") }
            return Report(place.joinToString(), requirements, chosen?.let(::metrics).orEmpty())
        }

        private fun requirement(row: JSONObject): Requirement {
            val unit = row.optString("unit")
            return Requirement(
                name = row.optString("subject", row.getString("requirement")),
                limit = "${row.get("limit")} $unit",
                measured = if (row.isNull("value")) null else "${row.get("value")} $unit",
                status = row.getString("status"),
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
