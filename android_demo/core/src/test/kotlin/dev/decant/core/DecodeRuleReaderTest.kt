package dev.decant.core

import com.google.gson.JsonParser
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

private const val BOXES = "\"box_unit\": \"pixels\", \"multi_label\": true, \"score_threshold\": 0.25, " +
    "\"display_threshold\": 0.5, \"nms_iou\": 1, \"class_wise\": false, \"max_candidates\": 9, \"max_detections\": 3"

private const val YOLO = "{\"kind\": \"yolo\", \"output\": null, \"order\": \"boxes_first\", \"objectness\": true, " +
    "\"score_activation\": \"sigmoid\", $BOXES}"

private const val SSD = "{\"kind\": \"ssd\", \"boxes\": \"b\", \"scores\": \"s\", \"score_activation\": \"softmax\", " +
    "\"background\": 0, \"anchors\": [[1, 2, 3, 4]], \"variances\": [1, 1, 2, 2], \"offset_order\": \"yxhw\", $BOXES}"

class DecodeRuleReaderTest {
    private fun read(text: String, labels: Int, vararg outputs: Pair<String, List<Int>>): DecodeRule {
        val infos = outputs.map { (name, shape) -> TensorInfo(name, shape, DType.FLOAT32, Layout.KEEP, null) }
        return DecodeRuleReader.read(JsonFields("decode", JsonParser.parseString(text).asJsonObject))
            .also { DecodeCheck(infos, List(labels) { "label $it" }).check(it) }
    }

    private fun yolo(text: String = YOLO) = read(text, 3, "found" to listOf(1, 7, 8))

    private fun ssd(text: String = SSD) = read(text, 2, "b" to listOf(1, 1, 4), "s" to listOf(1, 1, 3))

    private fun refused(action: () -> Unit): String =
        assertThrows(SidecarException::class.java, action).message!!.removePrefix("model.json: ")
            .removeSuffix("; make it again with decant tflite")

    @Test
    fun readsARuleOfBoxes() {
        val layout = YoloLayout(null, YoloOrder.BOXES_FIRST, objectness = true, Activation.SIGMOID)
        assertEquals(BoxRule(layout, BoxUnit.PIXELS, true, 0.25, 0.5, 1.0, false, 9, 3), yolo())
        val anchors = listOf(listOf(1.0, 2.0, 3.0, 4.0))
        val ssd = SsdLayout("b", "s", Activation.SOFTMAX, 0, anchors, listOf(1.0, 1.0, 2.0, 2.0), OffsetOrder.YXHW)
        assertEquals(ssd, (ssd() as BoxRule).layout)
    }

    private fun text(kind: String, blank: String, alphabet: String, more: String = "") = read(
        "{\"kind\": \"$kind\", \"output\": null, \"alphabet\": $alphabet, \"blank\": $blank, " +
            "\"score_activation\": \"none\"$more}",
        0,
        "characters" to listOf(1, 9, 4),
    )

    private fun maps(activation: String, labels: Int, maps: Int = labels) = read(
        "{\"kind\": \"segmentation\", \"activation\": \"$activation\", \"threshold\": 0.5}",
        labels,
        "maps" to listOf(1, maps, 5, 6),
    )

    @Test
    fun readsRulesOfTextsAndMaps() {
        val ctc = TextRule(
            TextKind.CTC, null, TextOrder.TIME_FIRST, listOf("a", "한", "🙂"), -1, Activation.NONE, beamWidth = 7,
        )
        val more = ", \"order\": \"time_first\", \"beam_width\": 7"
        assertEquals(ctc, text("ctc", "-1", "\"a한🙂\"", more))
        assertEquals(3, ctc.blankIndex)
        val slots = ctc.copy(TextKind.SLOTS, null, TextOrder.BATCH_FIRST, listOf("a", "bb", "c", "d"), null, beamWidth = 1)
        assertEquals(slots, text("slots", "null", "[\"a\", \"bb\", \"c\", \"d\"]"))
        assertEquals(SegmentationRule(Activation.SOFTMAX, 0.5), maps("softmax", 3))
        assertEquals(SegmentationRule(Activation.SIGMOID, 0.5), maps("sigmoid", 2, maps = 1))
    }

    @Test
    fun namesTheFieldOfTextsAndMaps() {
        val abc = "[\"a\", \"b\", \"c\"]"
        val faults = mapOf<String, () -> Unit>(
            "decode.alphabet has \"a\" twice" to { text("slots", "0", "\"aba\"") },
            "decode.alphabet is empty" to { text("slots", "0", "[]") },
            "decode.alphabet.1 is empty" to { text("slots", "0", "[\"a\", \"\"]") },
            "decode.blank is 4, none of 4 classes" to { text("slots", "4", abc) },
            "decode.blank must be a whole number from -1 to 2147483647" to { text("ctc", "null", abc, ", \"order\": \"time_first\"") },
            "decode.alphabet makes 3 classes at each place; characters is [1, 9, 4]" to { text("slots", "null", abc) },
            "decode.kind is segmentation, so one output must have a map for each of 2 labels, or one of the second of them"
                to { maps("softmax", 2, maps = 3) },
            "decode.activation is softmax, which makes 1 everywhere of one map" to { maps("softmax", 2, maps = 1) },
            "decode.activation is sigmoid, which is for one map; of 3 the largest value wins" to { maps("sigmoid", 3) },
        )
        for ((fault, action) in faults) assertEquals(fault, refused(action))
    }

    @Test
    fun namesTheFieldThatDoesNotFit() {
        val faults = mapOf(
            "\"objectness\": true, " to "" to "decode.objectness is missing",
            "\"sigmoid\"" to "\"softmax\"" to "decode.score_activation is \"softmax\", not one of none, sigmoid",
            "0.25" to "0.75" to "decode.display_threshold must not be below score_threshold",
            "null" to "\"other\"" to "decode.output is \"other\", which no output is called",
            "boxes_first" to "values_first" to
                "decode.order is values_first of 8 values a place; found is [1, 7, 8]",
            "\"nms_iou\": 1" to "\"nms_iou\": 1.5" to "decode.nms_iou must be above 0 and at most 1",
        )
        for ((change, fault) in faults) {
            assertEquals(fault, refused { yolo(YOLO.replaceFirst(change.first, change.second)) })
        }
    }

    @Test
    fun namesTheFieldOfAnchorsAndScores() {
        val faults = mapOf(
            "[[1, 2, 3, 4]]" to "[]" to "decode.anchors is empty",
            "3, 4]]" to "3]]" to "decode.anchors.0 must be 4 numbers",
            "3, 4]]" to "3, \"4\"]]" to "decode.anchors.0.3 must be a finite number",
            "3, 4]]" to "3, 4], [1, 2, 3, 4]]" to "decode.anchors has 2; b is [1, 1, 4]",
            "\"background\": 0" to "\"background\": 3" to
                "decode.background is 3, none of 3 classes, the background among them",
            "\"background\": 0" to "\"background\": null" to "decode.scores do not fit: b is [1, 1, 4] and " +
                "s is [1, 1, 3], not [N, places, 4] and [N, places, 2]",
            "[1, 1, 2, 2]" to "[1, 1, 2]" to "decode.variances must be 4 numbers",
        )
        for ((change, fault) in faults) {
            assertEquals(fault, refused { ssd(SSD.replaceFirst(change.first, change.second)) })
        }
    }
}
