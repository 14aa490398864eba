package dev.decant.demo

import android.os.Build
import com.google.gson.Gson
import com.google.gson.GsonBuilder
import com.google.gson.JsonArray
import com.google.gson.JsonObject
import dev.decant.core.Benchmark
import dev.decant.core.Latency
import dev.decant.core.Sidecar

private const val SCHEMA = 1

/**
 * The results under the keys of `report.json`, schema 1: a candidate per accelerator.
 *
 * An accelerator without threads to set has its times under "any_threads".
 */
fun benchmarkJson(sidecar: Sidecar, rows: List<BenchmarkRow>): String {
    val candidates = JsonArray()
    for (variant in sidecar.variants) {
        val times = rows.filter { it.accelerator == variant.accelerator.name }
        if (times.isEmpty()) continue
        candidates.add(
            JsonObject().apply {
                addProperty("name", variant.name)
                addProperty("accelerator", variant.accelerator.name.lowercase())
                addProperty("file", variant.file)
                addProperty("sha256", variant.sha256)
                addProperty("size_bytes", variant.sizeBytes)
                add("latency_ms", latencies(times))
            },
        )
    }
    val report = JsonObject().apply {
        addProperty("schema", SCHEMA)
        addProperty("model", sidecar.model)
        add("machine", machine())
        add("candidates", candidates)
    }
    return GsonBuilder().setPrettyPrinting().create().toJson(report)
}

private fun latencies(rows: List<BenchmarkRow>): JsonObject {
    val byThreads = rows.mapNotNull { row -> row.threads?.let { it to row.latency() } }.toMap()
    val json = Benchmark.toJson(byThreads)
    rows.firstOrNull { it.threads == null }
        ?.let { json.add("any_threads", Gson().toJsonTree(it.latency())) }
    return json
}

private fun BenchmarkRow.latency() = Latency(median, p90, n)

private fun machine() = JsonObject().apply {
    addProperty("device", "${Build.MANUFACTURER} ${Build.MODEL}")
    addProperty("architecture", Build.SUPPORTED_ABIS.first())
    addProperty("system", "Android ${Build.VERSION.RELEASE} (API ${Build.VERSION.SDK_INT})")
    addProperty("cores", Runtime.getRuntime().availableProcessors())
}
