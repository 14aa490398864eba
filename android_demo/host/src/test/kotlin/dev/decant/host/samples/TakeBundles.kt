package dev.decant.host.samples

import com.google.gson.Gson
import com.google.gson.JsonParser
import dev.decant.core.InstalledBundles
import dev.decant.core.SidecarException
import java.io.File
import java.io.IOException

/**
 * Takes bundles from zips as the app does: `TakeBundles ROOT`.
 *
 * Reads the path of a zip a line, as a JSON string; prints one JSON object a line: {"id", "model"} of what was
 * taken, else {"refused"} with the message. Any other exception ends it.
 */
fun main(arguments: Array<String>) {
    val bundles = InstalledBundles(File(arguments[0]))
    generateSequence(::readLine).forEach { line ->
        println(Gson().toJson(take(File(JsonParser.parseString(line).asString), bundles)))
    }
}

private fun take(zip: File, bundles: InstalledBundles): Map<String, String?> = try {
    val taken = zip.inputStream().use { bundles.takeZip(it, zip.name) }
    mapOf("id" to taken.id, "model" to taken.sidecar.model)
} catch (error: IOException) {
    mapOf("refused" to error.message)
} catch (error: SidecarException) {
    mapOf("refused" to error.message)
}
