package dev.decant.core

import com.google.gson.JsonElement
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.google.gson.JsonPrimitive
import java.util.Random
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

private const val HASH = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

private const val SCORES = "\"sha256\": \"$HASH\", \"dtype\": \"float32\", \"shape\": [1, 6, 8, 2]"

/** A sidecar with every field there is, two labels and one level. */
internal val SIDECAR = """
{"schema_version": 4, "model": "detector",
 "variants": [
   {"accelerator": "gpu", "name": "float16", "file": "model_fp16.tflite", "sha256": "$HASH",
    "size_bytes": 9, "tolerance": {"scores_s8": 0.125, "corners_s8": 0.25}},
   {"accelerator": "cpu", "name": "static_int8", "file": "model.tflite", "sha256": "$HASH",
    "size_bytes": 7, "tolerance": {"corners_s8": 0.5, "scores_s8": 0.75}}],
 "inputs": [{"name": "image", "shape": [1, 48, 64, 3], "dtype": "uint8", "layout": "nhwc",
   "scale": 0.5, "zero_point": 3}],
 "outputs": [
   {"name": "scores_s8", "shape": [1, 6, 8, 2], "dtype": "float32", "layout": "nhwc",
    "scale": null, "zero_point": null},
   {"name": "corners_s8", "shape": [1, 8, 6, 8], "dtype": "float32", "layout": "nchw",
    "scale": null, "zero_point": null}],
 "image": {"name": "image", "normalised_by": "app", "rule": {"height": 48, "width": 64, "colour": "bgr",
   "mean": [0.5, 0.4, 0.25], "std": [0.2, 0.3, 0.5], "resize": "letterbox", "padding": 114,
   "shrink": "area", "grow": "bilinear", "pixel_centres": "half", "rotation": "upright"}},
 "arrays": {}, "sounds": {},
 "labels": ["formula", "table"],
 "decode": {"kind": "quad_grid", "strides": [8], "score_activation": "sigmoid", "score_threshold": 0.25,
   "display_threshold": 0.375, "nms_iou": 0.5, "max_candidates": 70, "max_detections": 7},
 "golden": [{"photo": "golden/photo.png", "photo_sha256": "$HASH",
   "pixels": {"file": "golden/i.bin", "sha256": "$HASH", "dtype": "uint8", "shape": [48, 64, 3]},
   "inputs": {},
   "outputs": {"cpu": {
     "scores_s8": {"file": "golden/a.bin", $SCORES},
     "corners_s8": {"file": "golden/b.bin", "sha256": "$HASH", "dtype": "float32", "shape": [1, 8, 6, 8]}},
    "gpu": {
     "scores_s8": {"file": "golden/c.bin", $SCORES},
     "corners_s8": {"file": "golden/d.bin", "sha256": "$HASH", "dtype": "float32", "shape": [1, 8, 6, 8]}}},
   "predictions": [{"label": "table", "score": 0.75, "quad": [[1.5, 2], [3, 4], [5, 6], [7, 8]]}]}],
 "licences": {"model": "Apache-2.0"},
 "verdicts": [{"requirement": "max_drop", "subject": "drop of ap50", "unit": "fraction", "limit": 0.01,
   "measured": null, "met": null},
   {"requirement": "max_size", "subject": "size", "unit": "bytes", "limit": 8, "measured": 7, "met": true}],
 "made_from": {"code": "$HASH", "data": "$HASH"}}
"""

class SidecarReaderTest {
    @Test
    fun readsOfARuleWithoutDecoderItsKind() {
        val text = SIDECAR.replace("\"quad_grid\"", "\"heat_map\"")
        val sidecar = SidecarReader.read(text)
        assertEquals(UndecodedRule("heat_map"), sidecar.decode)
        assertEquals("table", sidecar.golden.single().predictions.single().label)
        assertFalse(sidecar.hasDecoder)
        assertTrue(SidecarReader.read(SIDECAR).hasDecoder)
    }

    @Test
    fun readsEveryField() {
        val sidecar = SidecarReader.read(SIDECAR)
        assertEquals("model.tflite" to 7L, sidecar.cpu.file to sidecar.cpu.sizeBytes)
        assertEquals(mapOf("scores_s8" to 0.125, "corners_s8" to 0.25), sidecar.variants.first().tolerance)
        assertEquals(Quantization(0.5f, 3), sidecar.inputs.single().quantization)
        assertEquals(Layout.NCHW, sidecar.outputs[1].layout)
        assertEquals(Colour.BGR, sidecar.image?.rule?.colour)
        assertEquals(listOf(0.2, 0.3, 0.5), sidecar.image?.rule?.std)
        assertEquals(QuadGridRule(listOf(8), 0.25, 0.375, 0.5, 70, 7), sidecar.decode)
        val golden = sidecar.golden.single()
        assertEquals(1.5 to 2.0, golden.predictions.single().quad.first())
        assertEquals("golden/c.bin", golden.outputs.getValue(Accelerator.GPU).getValue("scores_s8").file)
        assertEquals(listOf(48, 64, 3), golden.pixels?.shape)
        assertEquals(mapOf("model" to "Apache-2.0"), sidecar.licences)
        assertEquals(mapOf("code" to HASH, "data" to HASH), sidecar.madeFrom)
        assertEquals(Verdict("max_drop", "drop of ap50", "fraction", 0.01, null, null), sidecar.verdicts.first())
    }

    @Test
    fun namesTheFieldAtFault() {
        val faults = mapOf(
            "schema_version" to ("\"schema_version\": 4" to "\"schema_version\": 9"),
            "variants" to ("\"cpu\", \"name\"" to "\"npu\", \"name\""),
            "variants.0.accelerator" to ("\"gpu\", \"name\"" to "\"dsp\", \"name\""),
            "variants.0.file" to ("\"model_fp16.tflite\"" to "\"a/../../m\""),
            "variants.1.tolerance" to ("{\"corners_s8\": 0.5, " to "{"),
            "variants.1.tolerance.scores_s8" to ("0.75}" to "-0.75}"),
            "variants.1.size_bytes" to ("\"size_bytes\": 7" to "\"size_bytes\": 7.5"),
            "inputs.0.shape.1" to ("[1, 48, 64, 3], \"dtype\": \"uint8\"" to "[1, 0, 64, 3], \"dtype\": \"uint8\""),
            "inputs.0.scale" to ("\"scale\": 0.5" to "\"scale\": null"),
            "outputs.0.dtype" to ("2], \"dtype\": \"float32\", \"layout\"" to "2], \"dtype\": \"int64\", \"layout\""),
            "image.name" to ("\"image\": {\"name\": \"image\"" to "\"image\": {\"name\": \"photo\""),
            "image.rule" to ("\"width\": 64" to "\"width\": 65"),
            "image.rule.colour" to ("\"bgr\"" to "\"BGR\""),
            "image.rule.std" to ("[0.2, 0.3, 0.5]" to "[0.2, 0.3]"),
            "image.rule.mean.0" to ("[0.5, 0.4, 0.25]" to "[\"0.5\", 0.4, 0.25]"),
            "image.rule.blur" to ("\"padding\": 114" to "\"padding\": 114, \"blur\": 1"),
            "arrays.image" to ("\"arrays\": {}" to "\"arrays\": {\"image\": {\"mean\": [], \"std\": []}}"),
            "arrays.x.std" to ("\"arrays\": {}" to "\"arrays\": {\"x\": {\"mean\": [], \"std\": [0]}}"),
            "sounds.x" to ("\"sounds\": {}" to
                "\"sounds\": {\"x\": {\"rate\": 8000, \"pad\": \"end\", \"cut\": \"start\"}}"),
            "sounds.x.pad" to ("\"sounds\": {}" to "\"sounds\": {\"x\": {\"rate\": 8000, \"pad\": \"none\"}}"),
            "decode.strides" to ("\"strides\": [8]" to "\"strides\": [8, 16]"),
            "decode.kind" to ("\"quad_grid\"" to "7"),
            "decode.score_threshold" to ("\"score_threshold\": 0.25" to "\"score_threshold\": 1"),
            "image.rule.pixel_centres" to ("\"half\"" to "\"corner\""),
            "golden.0.pixels.shape" to ("[48, 64, 3]" to "[64, 48, 3]"),
            "golden.0.pixels" to (Regex("\"pixels\": .*").find(SIDECAR)!!.value to "\"pixels\": null,"),
            "decode.display_threshold" to ("\"display_threshold\": 0.375" to "\"display_threshold\": 0.125"),
            "decode.nms_iou" to ("\"nms_iou\": 0.5, " to ""),
            "verdicts" to ("\"verdicts\": [{" to "\"verdicts\": 1, \"v\": [{"),
            "golden.0.photo" to ("golden/photo.png" to "../photo.png"),
            "golden.0.outputs.cpu.scores_s8.shape" to
                ("\"golden/a.bin\", $SCORES" to "\"golden/a.bin\", ${SCORES.replace("8, 2", "8, 3")}"),
            "golden.0.outputs.cpu" to ("\"corners_s8\": {" to "\"corners_s4\": {"),
            "golden.0.outputs" to ("{\"cpu\": {" to "{\"npu\": {"),
            "golden.0.predictions.0.label" to ("\"label\": \"table\"" to "\"label\": \"chair\""),
            "golden.0.predictions.0.quad" to ("[3, 4], " to ""),
            "verdicts.0.met" to ("\"met\": null" to "\"met\": false"),
            "verdicts.0.measured" to ("\"measured\": null, " to ""),
            "licences.model" to ("\"Apache-2.0\"" to "2"),
            "made_from" to ("\"made_from\": {" to "\"made_from\": 1, \"m\": {"),
            "made_from.code" to ("\"code\": \"$HASH\"" to "\"code\": \"ABC\""),
            "verdicts.1.met" to ("\"met\": true" to "\"met\": 1"),
            "variants.1.file" to ("\"model.tflite\"" to "\"/model.tflite\""),
        )
        for ((field, change) in faults) {
            val text = SIDECAR.replace(change.first, change.second)
            assertTrue("$field: the change is not in the text", text != SIDECAR)
            val error = assertThrows(field, SidecarException::class.java) { SidecarReader.read(text) }
            assertTrue("$field: ${error.message}", error.message!!.startsWith("model.json: $field "))
        }
    }

    @Test
    fun refusesAnOutputOfNoStride() {
        val json = JsonParser.parseString(SIDECAR).asJsonObject
        val outputs = json.getAsJsonArray("outputs")
        outputs.add(outputs[0].deepCopy().apply { asJsonObject.addProperty("name", "scores_s16") })
        json.getAsJsonArray("variants").forEach {
            it.asJsonObject.getAsJsonObject("tolerance").addProperty("scores_s16", 1)
        }
        val error = assertThrows(SidecarException::class.java) { SidecarReader.read(json.toString()) }
        assertTrue(error.message, error.message!!.startsWith("model.json: decode.strides lacks 16"))
    }

    @Test
    fun refusesWhatIsNestedTooDeeply() {
        val deep = "[".repeat(1_000_000)
        for (text in listOf(deep, SIDECAR.replace("\"labels\": [", "\"labels\": [$deep"))) {
            val error = assertThrows(SidecarException::class.java) { SidecarReader.read(text) }
            assertTrue(error.message, "nested more than 32 deep" in error.message!!)
        }
        val quoted = SIDECAR.replace("\"subject\": \"size\"", "\"subject\": \"\\\"${"[{".repeat(99)}\"")
        assertTrue("[{" in SidecarReader.read(quoted).verdicts[1].subject)
    }

    @Test
    fun refusesEveryTruncatedText() {
        val text = SIDECAR.trim()
        for (length in text.indices) {
            assertThrows(SidecarException::class.java) { SidecarReader.read(text.substring(0, length)) }
        }
    }

    @Test
    fun refusesAThousandMutations() {
        val random = Random(3)
        repeat(1000) { number ->
            val json = JsonParser.parseString(SIDECAR).asJsonObject
            val change = mutate(json, random)
            val error = assertThrows("$number: $change", SidecarException::class.java) {
                SidecarReader.read(json.toString())
            }
            assertTrue(change, error.message!!.startsWith("model.json: "))
        }
    }

    /** Renames, adds or ill-types a random field; says what was done. */
    private fun mutate(json: JsonObject, random: Random): String {
        // Licences and sections may have any name, and what was measured may be null.
        val free = listOf("licences", "made_from", "verdicts").flatMap { objects(json.get(it)) }
        val places = objects(json).filter { it.size() > 0 && it !in free }
        val place = places[random.nextInt(places.size)]
        val names = place.keySet().toList()
        val name = names[random.nextInt(names.size)]
        return when (random.nextInt(3)) {
            0 -> "renamed $name".also { place.add("${name}_${random.nextInt(100)}", place.remove(name)) }
            1 -> "added to $names".also { place.addProperty("extra_${random.nextInt(100)}", 1) }
            else -> "ill-typed $name".also { place.add(name, otherType(place.get(name), random)) }
        }
    }

    private fun otherType(value: JsonElement, random: Random): JsonElement {
        val nested = JsonObject().apply { addProperty("x", 1) }
        val others = listOf(nested, JsonPrimitive("§"), JsonPrimitive(-0.5), JsonPrimitive(true))
        // A string for a string or true for true could be right.
        val fits = others.filter { other ->
            val both = other.isJsonPrimitive && value.isJsonPrimitive
            !(both && other.asJsonPrimitive.isString && value.asJsonPrimitive.isString) &&
                !(both && other.asJsonPrimitive.isBoolean && value.asJsonPrimitive.isBoolean) &&
                !(both && other.asJsonPrimitive.isNumber && value.asJsonPrimitive.isNumber)
        }
        return fits[random.nextInt(fits.size)]
    }

    private fun objects(element: JsonElement): List<JsonObject> = when {
        element.isJsonObject ->
            listOf(element.asJsonObject) + element.asJsonObject.entrySet().flatMap { objects(it.value) }
        element.isJsonArray -> element.asJsonArray.flatMap(::objects)
        else -> emptyList()
    }
}
