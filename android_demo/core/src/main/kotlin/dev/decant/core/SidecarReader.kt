package dev.decant.core

import com.google.gson.JsonElement

/** Reads `model.json` of schema 2 as strictly as `decant.sidecar` does, and checks that it fits together. */
object SidecarReader {
    private const val SCHEMA = 2
    private val SHA256 = Regex("[0-9a-f]{64}")
    private val POSITIVE = 1..Int.MAX_VALUE

    /**
     * Reads the text of a sidecar.
     *
     * @throws SidecarException if it is damaged, of another schema, or contradicts itself; the
     *   message names the field.
     */
    fun read(text: String): Sidecar {
        val fields = JsonFields.parse(text)
        fields.int("schema_version", SCHEMA..SCHEMA)
        val sidecar = Sidecar(
            model = fields.string("model").ifEmpty { JsonFields.refuse("model", "is empty") },
            variants = fields.list("variants", ::variant),
            inputs = fields.list("inputs", ::tensor),
            outputs = fields.list("outputs", ::tensor),
            image = if (fields.has("image")) image(fields.fields("image")) else null,
            labels = fields.list("labels", JsonFields::asString),
            decode = if (fields.has("decode")) decode(fields.fields("decode")) else null,
            golden = fields.list("golden", ::golden),
            licences = if (fields.given("licences")) fields.map("licences", JsonFields::asString) else emptyMap(),
            verdicts = optionalList(fields, "verdicts", ::verdict),
        )
        fields.close()
        SidecarCheck.check(sidecar)
        return sidecar
    }

    private fun variant(element: JsonElement, path: String): Variant {
        val fields = JsonFields.asFields(element, path)
        val variant = Variant(
            accelerator = fields.choice<Accelerator>("accelerator"),
            name = fields.string("name"),
            file = fileName(fields, "file"),
            sha256 = sha256(fields, "sha256"),
            sizeBytes = fields.long("size_bytes"),
            tolerance = fields.map("tolerance", ::distance),
        )
        fields.close()
        return variant
    }

    private fun distance(element: JsonElement, path: String): Double =
        JsonFields.asDouble(element, path).also { if (it < 0) JsonFields.refuse(path, "must not be below 0") }

    private fun verdict(element: JsonElement, path: String): Verdict {
        val fields = JsonFields.asFields(element, path)
        val verdict = Verdict(
            requirement = fields.string("requirement"),
            subject = fields.string("subject"),
            unit = fields.string("unit"),
            limit = fields.double("limit"),
            measured = if (fields.isNull("measured")) null else fields.double("measured"),
            met = if (fields.isNull("met")) null else fields.boolean("met"),
        )
        fields.close()
        return verdict
    }

    private fun tensor(element: JsonElement, path: String): TensorInfo {
        val fields = JsonFields.asFields(element, path)
        val info = TensorInfo(
            name = fields.string("name"),
            shape = fields.list("shape") { item, at -> JsonFields.asInt(item, at, POSITIVE) },
            dtype = dtype(fields),
            layout = if (fields.given("layout")) fields.choice<Layout>("layout") else Layout.KEEP,
            quantization = quantization(fields),
        )
        fields.close()
        return info
    }

    private fun dtype(fields: JsonFields): DType {
        val given = fields.string("dtype")
        return DType.entries.firstOrNull { it.numpyName == given } ?: JsonFields.refuse(
            fields.at("dtype"),
            "is \"$given\", not one of ${DType.entries.joinToString { it.numpyName }}",
        )
    }

    private fun quantization(fields: JsonFields): Quantization? {
        if (fields.has("scale") != fields.has("zero_point")) {
            JsonFields.refuse(fields.at("scale"), "and zero_point belong together")
        }
        if (!fields.has("scale")) return null
        val scale = fields.double("scale").toFloat()
        if (scale <= 0) JsonFields.refuse(fields.at("scale"), "must be above 0")
        return Quantization(scale, fields.int("zero_point", -128..255))
    }

    private fun image(fields: JsonFields): ImageInput {
        val input = ImageInput(
            name = fields.string("name"),
            rule = rule(fields.fields("rule")),
            normalisedBy = fields.choice<NormalisedBy>("normalised_by"),
        )
        fields.close()
        return input
    }

    private fun rule(fields: JsonFields): ImageRule {
        val rule = ImageRule(
            height = fields.int("height", 1..Resampler.MAX_TARGET),
            width = fields.int("width", 1..Resampler.MAX_TARGET),
            colour = fields.choice<Colour>("colour"),
            mean = fields.list("mean", JsonFields::asDouble),
            std = fields.list("std", JsonFields::asDouble),
            resize = fields.choice<ResizeKind>("resize"),
            padding = fields.int("padding", 0..255),
            shrink = fields.choice<Shrink>("shrink"),
        )
        fields.constant("grow", "bilinear")
        fields.constant("pixel_centres", "half")
        fields.constant("rotation", "upright")
        fields.close()
        for ((name, values) in listOf("mean" to rule.mean, "std" to rule.std)) {
            if (values.size != rule.colour.channels) {
                JsonFields.refuse(fields.at(name), "needs ${rule.colour.channels} numbers")
            }
        }
        if (rule.std.any { it <= 0 }) JsonFields.refuse(fields.at("std"), "must be above 0")
        return rule
    }

    private fun decode(fields: JsonFields): DecodeRule {
        val rule = when (val kind = fields.string("kind")) {
            "argmax" -> ArgmaxRule
            "quad_grid" -> quadGrid(fields)
            else -> JsonFields.refuse(fields.at("kind"), "is \"$kind\", not quad_grid or argmax")
        }
        fields.close()
        return rule
    }

    private fun quadGrid(fields: JsonFields): QuadGridRule {
        fields.constant("score_activation", "sigmoid")
        val strides = fields.list("strides") { item, at -> JsonFields.asInt(item, at, 1..4096) }
        if (strides.isEmpty() || strides.toSet().size < strides.size) {
            JsonFields.refuse(fields.at("strides"), "must name each level once")
        }
        val count = if (fields.given("max_detections")) fields.int("max_detections", POSITIVE) else 100
        val threshold = share(fields, "score_threshold", default = 0.05)
        if (threshold == 1.0) JsonFields.refuse(fields.at("score_threshold"), "must be below 1")
        return QuadGridRule(strides, threshold, share(fields, "nms_iou", default = 0.6), count)
    }

    private fun share(fields: JsonFields, name: String, default: Double): Double {
        val value = if (fields.given(name)) fields.double(name) else default
        return if (value > 0 && value <= 1) value
        else JsonFields.refuse(fields.at(name), "must be above 0 and at most 1")
    }

    private fun golden(element: JsonElement, path: String): Golden {
        val fields = JsonFields.asFields(element, path)
        val golden = Golden(
            photo = if (fields.has("photo")) fileName(fields, "photo") else null,
            photoSha256 = if (fields.has("photo_sha256")) sha256(fields, "photo_sha256") else null,
            pixels = if (fields.has("pixels")) fields.value("pixels", ::tensorFile) else null,
            inputs = fields.map("inputs", ::tensorFile),
            outputs = outputs(fields.fields("outputs")),
            predictions = optionalList(fields, "predictions", ::prediction),
        )
        fields.close()
        return golden
    }

    private fun outputs(fields: JsonFields): Map<Accelerator, Map<String, TensorFile>> {
        val outputs = LinkedHashMap<Accelerator, Map<String, TensorFile>>()
        for (accelerator in Accelerator.entries) {
            val name = accelerator.name.lowercase()
            if (fields.given(name)) outputs[accelerator] = fields.map(name, ::tensorFile)
        }
        fields.close()
        return outputs
    }

    private fun tensorFile(element: JsonElement, path: String): TensorFile {
        val fields = JsonFields.asFields(element, path)
        val file = TensorFile(
            file = fileName(fields, "file"),
            sha256 = sha256(fields, "sha256"),
            dtype = dtype(fields),
            shape = fields.list("shape") { item, at -> JsonFields.asInt(item, at, POSITIVE) },
        )
        fields.close()
        return file
    }

    private fun prediction(element: JsonElement, path: String): Prediction {
        val fields = JsonFields.asFields(element, path)
        val quad = optionalList(fields, "quad") { corner, at ->
            val pair = if (corner.isJsonArray) corner.asJsonArray.toList() else emptyList()
            if (pair.size != 2) JsonFields.refuse(at, "must be a pair of numbers")
            JsonFields.asDouble(pair[0], "$at.0") to JsonFields.asDouble(pair[1], "$at.1")
        }
        val prediction = Prediction(fields.string("label"), fields.double("score"), quad)
        fields.close()
        return prediction
    }

    private fun <T> optionalList(
        fields: JsonFields,
        name: String,
        convert: (JsonElement, String) -> T,
    ): List<T> = if (fields.given(name)) fields.list(name, convert) else emptyList()

    private fun sha256(fields: JsonFields, name: String): String = fields.string(name).also {
        if (!SHA256.matches(it)) JsonFields.refuse(fields.at(name), "must be 64 hexadecimal digits")
    }

    /** A path below the sidecar's folder: never absolute, never upwards. */
    private fun fileName(fields: JsonFields, name: String): String = fields.string(name).also {
        val parts = it.split('/')
        if ('\\' in it || parts.any { part -> part.isEmpty() || part == "." || part == ".." }) {
            JsonFields.refuse(fields.at(name), "is \"$it\", not a file below the sidecar's folder")
        }
    }
}
