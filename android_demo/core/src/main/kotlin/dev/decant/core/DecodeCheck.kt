package dev.decant.core

/** Checks that a model's outputs are those that its decode rule reads. */
internal class DecodeCheck(private val outputs: List<TensorInfo>, private val labels: List<String>) {
    /** @throws SidecarException if they are not; the message names the field. */
    fun check(rule: DecodeRule?) = when (rule) {
        is QuadGridRule -> levels(rule)
        is ArgmaxRule -> argmax()
        is BoxRule -> boxes(rule.layout)
        is SegmentationRule -> maps(rule)
        is TextRule -> text(rule)
        is UndecodedRule, null -> Unit
    }

    private fun levels(rule: QuadGridRule) {
        rule.strides.forEach(::level)
        for (output in outputs) {
            val stride = LEVEL.matchEntire(output.name)?.groupValues?.get(1) ?: continue
            if (stride.toIntOrNull() !in rule.strides) {
                refuse("strides", "lacks $stride, so nothing reads ${output.name}")
            }
        }
    }

    private fun level(stride: Int) {
        val (scores, corners) = listOf("scores_s$stride", "corners_s$stride").map { name ->
            outputs.firstOrNull { it.name == name }
                ?: refuse("strides", "has $stride, but no output is called $name")
        }
        val grids = Grid.of(scores) to Grid.of(corners)
        val fits = scores.shape.firstOrNull() == corners.shape.firstOrNull() &&
            grids.first?.channels == labels.size && grids.second?.channels == 8 &&
            grids.first?.height == grids.second?.height && grids.first?.width == grids.second?.width
        if (!fits) {
            refuse(
                "strides",
                "has $stride: ${scores.name} ${scores.shape} and ${corners.name} ${corners.shape} do " +
                    "not hold ${labels.size} scores and 8 corner offsets for the same cells",
            )
        }
    }

    private fun argmax() {
        val fits = labels.isNotEmpty() && outputs.size == 1 && outputs[0].sizeOfOne == labels.size
        if (!fits) refuse("kind", "is argmax, so one output must score every label")
    }

    private fun boxes(layout: BoxLayout) = when (layout) {
        is YoloLayout -> yolo(layout)
        is EndToEndLayout -> {
            val output = only(layout.output)
            if (!fits(output, null, null, 6)) {
                refuse("kind", "is end_to_end, which reads [N, rows, 6]; ${described(output)}")
            }
            Unit
        }
        is BoxesScoresLayout -> twoOutputs(layout)
        is SsdLayout -> {
            twoOutputs(layout)
            val places = named(layout.boxes, "boxes").onnxShape[1]
            if (layout.anchors.size != places) {
                refuse("anchors", "has ${layout.anchors.size}; ${described(named(layout.boxes, "boxes"))}")
            }
            Unit
        }
    }

    private fun yolo(layout: YoloLayout) {
        val output = only(layout.output)
        val values = 4 + (if (layout.objectness) 1 else 0) + labels.size
        val fits = when (layout.order) {
            YoloOrder.VALUES_FIRST -> fits(output, null, values, null)
            YoloOrder.BOXES_FIRST -> fits(output, null, null, values)
        }
        if (!fits) {
            refuse("order", "is ${layout.order.name.lowercase()} of $values values a place; ${described(output)}")
        }
    }

    private fun twoOutputs(layout: TwoOutputLayout) {
        val (boxes, scores) = named(layout.boxes, "boxes") to named(layout.scores, "scores")
        val background = layout.background
        val classes = labels.size + if (background == null) 0 else 1
        if (background != null && background >= classes) {
            refuse("background", "is $background, none of $classes classes, the background among them")
        }
        val shape = boxes.onnxShape
        if (!fits(boxes, null, null, 4) || !fits(scores, shape[0], shape[1], classes)) {
            refuse(
                "scores",
                "do not fit: ${described(boxes)} and ${described(scores)}, not [N, places, 4] and " +
                    "[N, places, $classes]",
            )
        }
    }

    private fun maps(rule: SegmentationRule) {
        val shape = outputs.singleOrNull()?.onnxShape.orEmpty()
        val isSingle = shape.size == 4 && shape[1] == 1 && labels.size == 2
        if (!isSingle && (shape.size != 4 || shape[1] != labels.size || labels.size < 2)) {
            val other = if (labels.size == 2) ", or one of the second of them" else ""
            refuse("kind", "is segmentation, so one output must have a map for each of ${labels.size} labels$other")
        }
        if (isSingle && rule.activation == Activation.SOFTMAX) {
            refuse("activation", "is softmax, which makes 1 everywhere of one map")
        }
        if (!isSingle && rule.activation == Activation.SIGMOID) {
            refuse("activation", "is sigmoid, which is for one map; of ${shape[1]} the largest value wins")
        }
    }

    private fun text(rule: TextRule) {
        val output = only(rule.output)
        if (!fits(output, null, null, rule.classes)) {
            refuse("alphabet", "makes ${rule.classes} classes at each place; ${described(output)}")
        }
    }

    private fun only(name: String?): TensorInfo = when {
        name != null -> named(name, "output")
        outputs.size == 1 -> outputs.single()
        else -> refuse("output", "is null, but the model has ${outputs.map { it.name }}")
    }

    private fun named(name: String, field: String): TensorInfo = outputs.firstOrNull { it.name == name }
        ?: refuse(field, "is \"$name\", which no output is called")

    private fun fits(info: TensorInfo, vararg wanted: Int?): Boolean {
        val shape = info.onnxShape
        return shape.size == wanted.size && shape.indices.all { wanted[it] == null || wanted[it] == shape[it] }
    }

    private fun described(info: TensorInfo) = "${info.name} is ${info.onnxShape}"

    private fun refuse(field: String, fault: String): Nothing = JsonFields.refuse("decode.$field", fault)

    private companion object {
        val LEVEL = Regex("(?:scores|corners)_s([0-9]+)")
    }
}
