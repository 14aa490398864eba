package dev.decant.core

import com.google.gson.JsonArray
import com.google.gson.JsonObject

/** Writes feedback as archive schema 2 has it. */
internal object FeedbackJson {
    fun record(id: String, keptMs: Long, consent: Consent, record: FeedbackRecord) = JsonObject().apply {
        addProperty("id", id)
        addProperty("image", "images/$id.jpg")
        add("image_size", numbers(listOf(record.imageSize.first, record.imageSize.second)))
        addProperty("kept", isoTime(keptMs))
        add("consent", consent.toJson())
        addProperty("model_sha256", record.modelSha256)
        addProperty("accelerator", record.accelerator.name.lowercase())
        add("predictions", array(record.predictions.map(::prediction)))
        add("corrections", array(record.corrections.map(::correction)))
        add("times_ms", times(record.times))
    }

    fun array(items: List<JsonObject>): JsonArray = JsonArray().apply { items.forEach(::add) }

    private fun prediction(found: FoundQuad) = JsonObject().apply {
        addProperty("label", found.label)
        addProperty("score", found.score)
        add("quad", quad(found.quad))
    }

    private fun correction(correction: Correction) = JsonObject().apply {
        when (correction) {
            is Correction.Delete -> {
                addProperty("kind", "delete")
                addProperty("prediction", correction.prediction)
            }
            is Correction.Move -> {
                addProperty("kind", "move")
                addProperty("prediction", correction.prediction)
                add("quad", quad(correction.quad))
            }
            is Correction.Add -> {
                addProperty("kind", "add")
                addProperty("label", correction.label)
                add("quad", quad(correction.quad))
            }
            is Correction.Remark -> {
                addProperty("kind", "remark")
                addProperty("text", correction.text)
            }
        }
    }

    private fun times(times: StageTimes) = JsonObject().apply {
        addProperty("shutter_to_screen", times.shutterToScreen)
        addProperty("preprocess", times.preprocess)
        addProperty("inference", times.inference)
        addProperty("decode", times.decode)
    }

    private fun quad(quad: Quad) = JsonArray().apply { quad.corners.forEach { add(numbers(it)) } }

    private fun numbers(values: List<Number>) = JsonArray().apply { values.forEach(::add) }
}
