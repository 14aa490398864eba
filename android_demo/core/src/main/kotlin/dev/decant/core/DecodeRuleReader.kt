package dev.decant.core

import com.google.gson.JsonElement

/** Reads the decode rule of a sidecar, field by field as `decant.contract.decode` has it. */
internal object DecodeRuleReader {
    private val POSITIVE = 1..Int.MAX_VALUE
    private val BLANK = -1..Int.MAX_VALUE
    private val INDEX = 0..Int.MAX_VALUE
    private val ANY = Int.MIN_VALUE..Int.MAX_VALUE
    private const val BOX = 4

    /** @throws SidecarException if a field is missing, unknown or out of its range. */
    fun read(fields: JsonFields): DecodeRule {
        val rule = when (val kind = fields.string("kind")) {
            "argmax" -> ArgmaxRule
            "quad_grid" -> quadGrid(fields)
            "yolo" -> boxes(yolo(fields), fields)
            "end_to_end" -> boxes(endToEnd(fields), fields)
            "boxes_scores" -> boxes(boxesScores(fields), fields)
            "ssd" -> boxes(ssd(fields), fields)
            "segmentation" ->
                SegmentationRule(fields.choice<Activation>("activation"), threshold(fields, "threshold"))
            "ctc" -> ctc(fields)
            "slots" -> slots(fields)
            else -> return UndecodedRule(kind) // Its other fields are for whoever can decode it.
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
        val rule = QuadGridRule(
            strides = strides,
            scoreThreshold = threshold(fields, "score_threshold"),
            displayThreshold = threshold(fields, "display_threshold"),
            nmsIou = share(fields, "nms_iou"),
            maxCandidates = fields.int("max_candidates", POSITIVE),
            maxDetections = fields.int("max_detections", POSITIVE),
        )
        return rule.also { thresholds(it, fields) }
    }

    private fun boxes(layout: BoxLayout, fields: JsonFields): BoxRule {
        val rule = BoxRule(
            layout = layout,
            unit = fields.choice<BoxUnit>("box_unit"),
            multiLabel = fields.boolean("multi_label"),
            scoreThreshold = threshold(fields, "score_threshold"),
            displayThreshold = threshold(fields, "display_threshold"),
            nmsIou = share(fields, "nms_iou"),
            classWise = fields.boolean("class_wise"),
            maxCandidates = fields.int("max_candidates", POSITIVE),
            maxDetections = fields.int("max_detections", POSITIVE),
        )
        return rule.also { thresholds(it, fields) }
    }

    private fun yolo(fields: JsonFields) = YoloLayout(
        output = fields.nullable("output", fields::string),
        order = fields.choice<YoloOrder>("order"),
        objectness = fields.boolean("objectness"),
        activation = fields.choice("score_activation", listOf(Activation.NONE, Activation.SIGMOID)),
    )

    private fun endToEnd(fields: JsonFields) =
        EndToEndLayout(fields.nullable("output", fields::string), fields.int("first_class", ANY))

    private fun boxesScores(fields: JsonFields) = BoxesScoresLayout(
        boxes = fields.string("boxes"),
        scores = fields.string("scores"),
        activation = fields.choice<Activation>("score_activation"),
        background = background(fields),
        format = fields.choice<BoxFormat>("box_format"),
    )

    private fun ssd(fields: JsonFields): SsdLayout {
        val layout = SsdLayout(
            boxes = fields.string("boxes"),
            scores = fields.string("scores"),
            activation = fields.choice<Activation>("score_activation"),
            background = background(fields),
            anchors = fields.list("anchors", ::four),
            variances = fields.value("variances", ::four),
            offsetOrder = fields.choice<OffsetOrder>("offset_order"),
        )
        if (layout.anchors.isEmpty()) JsonFields.refuse(fields.at("anchors"), "is empty")
        return layout
    }

    private fun ctc(fields: JsonFields) = text(
        TextRule(
            kind = TextKind.CTC,
            output = fields.nullable("output", fields::string),
            order = fields.choice<TextOrder>("order"),
            alphabet = fields.value("alphabet", ::alphabet),
            blank = fields.int("blank", BLANK),
            activation = fields.choice<Activation>("score_activation"),
            beamWidth = fields.int("beam_width", POSITIVE),
        ),
        fields,
    )

    private fun slots(fields: JsonFields) = text(
        TextRule(
            kind = TextKind.SLOTS,
            output = fields.nullable("output", fields::string),
            order = TextOrder.BATCH_FIRST,
            alphabet = fields.value("alphabet", ::alphabet),
            blank = fields.nullable("blank") { fields.int(it, BLANK) },
            activation = fields.choice<Activation>("score_activation"),
        ),
        fields,
    )

    private fun text(rule: TextRule, fields: JsonFields): TextRule {
        val known = HashSet<String>()
        val twice = rule.alphabet.firstOrNull { !known.add(it) }
        if (rule.alphabet.isEmpty()) JsonFields.refuse(fields.at("alphabet"), "is empty")
        if (twice != null) JsonFields.refuse(fields.at("alphabet"), "has \"$twice\" twice")
        if (rule.blank != null && rule.blank > rule.alphabet.size) {
            JsonFields.refuse(fields.at("blank"), "is ${rule.blank}, none of ${rule.classes} classes")
        }
        return rule
    }

    /** A list of texts, or a text of single characters. */
    private fun alphabet(element: JsonElement, path: String): List<String> {
        if (!element.isJsonArray) return JsonFields.asString(element, path).characters()
        return element.asJsonArray.mapIndexed { index, item ->
            JsonFields.asString(item, "$path.$index").ifEmpty { JsonFields.refuse("$path.$index", "is empty") }
        }
    }

    private fun String.characters(): List<String> {
        val codes = codePoints().toArray()
        return codes.indices.map { String(codes, it, 1) }
    }

    private fun background(fields: JsonFields): Int? = fields.nullable("background") { fields.int(it, INDEX) }

    private fun four(element: JsonElement, path: String): List<Double> {
        val numbers = if (element.isJsonArray) element.asJsonArray.toList() else emptyList()
        if (numbers.size != BOX) JsonFields.refuse(path, "must be $BOX numbers")
        return numbers.mapIndexed { index, number -> JsonFields.asDouble(number, "$path.$index") }
    }

    /** Some of what is to be shown would be dropped before. */
    private fun thresholds(rule: DetectionRule, fields: JsonFields) {
        if (rule.displayThreshold < rule.scoreThreshold) {
            JsonFields.refuse(fields.at("display_threshold"), "must not be below score_threshold")
        }
    }

    private fun threshold(fields: JsonFields, name: String): Double = share(fields, name).also {
        if (it == 1.0) JsonFields.refuse(fields.at(name), "must be below 1")
    }

    private fun share(fields: JsonFields, name: String): Double = fields.double(name).also {
        if (!(it > 0 && it <= 1)) JsonFields.refuse(fields.at(name), "must be above 0 and at most 1")
    }
}
