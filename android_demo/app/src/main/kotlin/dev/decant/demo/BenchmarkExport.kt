package dev.decant.demo

import android.os.Build
import com.google.gson.GsonBuilder
import com.google.gson.JsonArray
import com.google.gson.JsonObject
import dev.decant.core.Benchmark
import dev.decant.core.Latency
import dev.decant.core.Sidecar

/** The results under the keys of `report.json`: a candidate per accelerator. */
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
                add("latency_ms", Benchmark.toJson(times.associate { it.threads to it.latency() }))
            },
        )
    }
    val report = JsonObject().apply {
        addProperty("model", sidecar.model)
        add("machine", machine())
        add("candidates", candidates)
    }
    return GsonBuilder().setPrettyPrinting().create().toJson(report)
}

private fun BenchmarkRow.latency() = Latency(median, p90, n)

private fun machine() = JsonObject().apply {
    addProperty("device", "${Build.MANUFACTURER} ${Build.MODEL}")
    addProperty("architecture", Build.SUPPORTED_ABIS.first())
    addProperty("system", "Android ${Build.VERSION.RELEASE} (API ${Build.VERSION.SDK_INT})")
    addProperty("cores", Runtime.getRuntime().availableProcessors())
}
