package dev.decant.host.samples

import com.google.gson.Gson
import com.google.gson.JsonParser
import dev.decant.core.EngineException
import dev.decant.core.EngineRequest
import dev.decant.core.SidecarException
import dev.decant.core.SidecarReader
import dev.decant.host.HostEngine
import java.io.File

/**
 * Opens sidecars for the files of a bundle, to compare with Python's verdicts: `ReadSidecars LIBRARY BUNDLE`.
 *
 * Without a bundle it reads them only.
 *
 * Reads the text of a sidecar a line, as a JSON string; prints one JSON object a line: {} where the
 * text is accepted and fits the files, else {"kind", "message"} of what was thrown.
 */
fun main(arguments: Array<String>) {
    val engine = arguments.getOrNull(0)?.let { HostEngine(File(it)) }
    generateSequence(::readLine).forEach { line ->
        val fault = fault(JsonParser.parseString(line).asString, engine, File(arguments.getOrElse(1) { "." }))
        println(Gson().toJson(mapOf("kind" to fault?.javaClass?.simpleName, "message" to fault?.message)))
    }
}

private fun fault(text: String, engine: HostEngine?, bundle: File): Throwable? = try {
    val sidecar = SidecarReader.read(text)
    if (engine != null) {
        sidecar.variants.forEach { EngineRequest.of(it, sidecar, bundle).requireIntact() }
        engine.open(EngineRequest.of(sidecar.cpu, sidecar, bundle)).close()
    }
    null
} catch (error: SidecarException) {
    error
} catch (error: EngineException) {
    error
}
