package dev.decant.core

import com.google.gson.GsonBuilder
import com.google.gson.JsonArray
import com.google.gson.JsonObject

/** What was measured on: as `report.json` has it, and the app. */
data class Machine(val device: String, val architecture: String, val system: String, val cores: Int)

/** Writes benchmarks of a bundle as a document of their own, schema 2. */
class BenchmarkExport(private val sidecar: Sidecar, private val app: AppInfo, private val machine: Machine) {
    /** The document's text; a candidate is there for each model file that was measured. */
    fun write(results: List<BenchmarkResult>, sustained: List<SustainedResult>, createdMs: Long): String {
        val json = JsonObject().apply {
            addProperty("schema", SCHEMA)
            addProperty("kind", "decant-benchmark")
            addProperty("created", isoTime(createdMs))
            addProperty("model", sidecar.model)
            add("app", app())
            add("machine", machine())
            add("candidates", array(sidecar.variants.mapNotNull { candidate(it, results) }))
            add("sustained", array(sustained.map(::long)))
        }
        return GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(json)
    }

    private fun app() = JsonObject().apply {
        addProperty("name", app.name)
        addProperty("version", app.version)
    }

    private fun machine() = JsonObject().apply {
        addProperty("device", machine.device)
        addProperty("architecture", machine.architecture)
        addProperty("system", machine.system)
        addProperty("cores", machine.cores)
    }

    private fun candidate(variant: Variant, results: List<BenchmarkResult>): JsonObject? {
        val own = results.filter { it.accelerator == variant.accelerator }
        if (own.isEmpty()) return null
        return file(variant).apply { add("runs", array(own.map(::short))) }
    }

    private fun file(variant: Variant) = JsonObject().apply {
        addProperty("name", variant.name)
        addProperty("accelerator", variant.accelerator.name.lowercase())
        addProperty("file", variant.file)
        addProperty("sha256", variant.sha256)
        addProperty("size_bytes", variant.sizeBytes)
    }

    private fun short(result: BenchmarkResult) = JsonObject().apply {
        addProperty("threads", result.threads)
        addProperty("load_ms", result.loadMs)
        addProperty("first_run_ms", result.firstRunMs)
        add("latency_ms", result.latency.toJson())
        add("memory_before", result.before.toJson())
        add("memory_after", result.after.toJson())
    }

    private fun long(result: SustainedResult) = JsonObject().apply {
        addProperty("accelerator", result.accelerator.name.lowercase())
        addProperty("threads", result.threads)
        addProperty("planned_ms", result.plannedMs)
        addProperty("whole", result.isWhole)
        addProperty("failure", result.failure)
        add("samples", array(result.samples.map(::sample)))
    }

    private fun sample(sample: SustainedSample) = JsonObject().apply {
        addProperty("elapsed_ms", sample.elapsedMs)
        add("latency_ms", sample.latency.toJson())
        addProperty("thermal", sample.thermal?.name?.lowercase())
        add("memory", sample.memory.toJson())
    }

    private fun MemoryUse.toJson() = JsonObject().apply {
        addProperty("pss_bytes", pssBytes)
        addProperty("native_heap_bytes", nativeHeapBytes)
    }

    private fun array(items: List<JsonObject>) = JsonArray().apply { items.forEach(::add) }

    private companion object {
        const val SCHEMA = 2
    }
}
