package dev.decant.core

import com.google.gson.JsonElement

/** Reads `model.json` of schema 4 as strictly as `decant.contract.sidecar` does, and checks that it fits together. */
object SidecarReader {
    private const val SCHEMA = 4
    private val SHA256 = Regex("[0-9a-f]{64}")
    private val POSITIVE = 1..Int.MAX_VALUE

    /** Bytes of a file's name on the file systems of Linux and Android. */
    private const val LONGEST_NAME = 255
    private const val SHOWN = 60

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
            image = fields.nullable("image") { image(fields.fields(it)) },
            arrays = fields.map("arrays", ::arrayRule),
            sounds = fields.map("sounds", ::audioRule),
            labels = fields.list("labels", JsonFields::asString),
            decode = fields.nullable("decode") { DecodeRuleReader.read(fields.fields(it)) },
            golden = fields.list("golden", ::golden),
            licences = fields.map("licences", JsonFields::asString),
            verdicts = fields.list("verdicts", ::verdict),
            madeFrom = fields.map("made_from", ::digest),
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
            measured = fields.nullable("measured", fields::double),
            met = fields.nullable("met", fields::boolean),
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
            layout = fields.choice<Layout>("layout"),
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
        val scale = fields.nullable("scale") { fields.double(it).toFloat() }
        val zeroPoint = fields.nullable("zero_point") { fields.int(it, -128..255) }
        if ((scale == null) != (zeroPoint == null)) {
            JsonFields.refuse(fields.at("scale"), "and zero_point belong together")
        }
        if (scale == null || zeroPoint == null) return null
        if (scale <= 0) JsonFields.refuse(fields.at("scale"), "must be above 0")
        return Quantization(scale, zeroPoint)
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

    private fun arrayRule(element: JsonElement, path: String): ArrayRule {
        val fields = JsonFields.asFields(element, path)
        val rule = ArrayRule(
            mean = fields.list("mean", JsonFields::asDouble),
            std = fields.list("std", JsonFields::asDouble),
        )
        fields.close()
        if (rule.std.any { it <= 0 }) JsonFields.refuse(fields.at("std"), "must be above 0")
        return rule
    }

    private fun audioRule(element: JsonElement, path: String): AudioRule {
        val fields = JsonFields.asFields(element, path)
        val rule = AudioRule(
            rate = fields.int("rate", POSITIVE),
            pad = fields.choice<Pad>("pad"),
            cut = fields.choice<Cut>("cut"),
        )
        fields.close()
        return rule
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

    private fun golden(element: JsonElement, path: String): Golden {
        val fields = JsonFields.asFields(element, path)
        val golden = Golden(
            photo = fields.nullable("photo") { fileName(fields, it) },
            photoSha256 = fields.nullable("photo_sha256") { sha256(fields, it) },
            pixels = fields.nullable("pixels") { fields.value(it, ::tensorFile) },
            inputs = fields.map("inputs", ::tensorFile),
            outputs = outputs(fields),
            predictions = fields.list("predictions", ::prediction),
        )
        fields.close()
        return golden
    }

    private fun outputs(golden: JsonFields): Map<Accelerator, Map<String, TensorFile>> {
        val byName = golden.map("outputs") { element, path ->
            JsonFields.asMap(element, path, ::tensorFile)
        }
        return byName.mapKeys { (name, _) ->
            Accelerator.entries.firstOrNull { it.name.lowercase() == name }
                ?: JsonFields.refuse(golden.at("outputs.$name"), "is not cpu, gpu or npu")
        }
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
        val quad = fields.list("quad") { corner, at ->
            val pair = if (corner.isJsonArray) corner.asJsonArray.toList() else emptyList()
            if (pair.size != 2) JsonFields.refuse(at, "must be a pair of numbers")
            JsonFields.asDouble(pair[0], "$at.0") to JsonFields.asDouble(pair[1], "$at.1")
        }
        val prediction = Prediction(fields.string("label"), fields.double("score"), quad)
        fields.close()
        return prediction
    }

    private fun sha256(fields: JsonFields, name: String): String = fields.value(name, ::digest)

    private fun digest(element: JsonElement, path: String): String = JsonFields.asString(element, path).also {
        if (!SHA256.matches(it)) JsonFields.refuse(path, "must be 64 hexadecimal digits")
    }

    /** A path below the sidecar's folder: never absolute, never upwards, of names that a file can have. */
    private fun fileName(fields: JsonFields, name: String): String = fields.string(name).also {
        val parts = it.split('/')
        if ('\\' in it || '\u0000' in it || parts.any { part -> part.isEmpty() || part == "." || part == ".." }) {
            JsonFields.refuse(fields.at(name), "is \"${it.take(SHOWN)}\", not a file below the sidecar's folder")
        }
        if (parts.any { part -> part.encodeToByteArray().size > LONGEST_NAME }) {
            JsonFields.refuse(fields.at(name), "is \"${it.take(SHOWN)}…\", longer than the name of a file can be")
        }
    }
}
