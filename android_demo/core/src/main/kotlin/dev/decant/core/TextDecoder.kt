package dev.decant.core

/**
 * Reads a text from scores of characters, as `decant.contract.decode.text` does.
 *
 * Buffers are used again for every frame. Not thread-safe.
 *
 * @param outputs the model's outputs, in the sidecar's order.
 */
class TextDecoder(private val rule: TextRule, outputs: List<TensorInfo>) {
    private val index = if (rule.output == null) 0 else outputs.indexOfFirst { it.name == rule.output }
    private val placeAxis = if (rule.order == TextOrder.TIME_FIRST) 0 else 1
    private val places = outputs[index].onnxShape[placeAxis]
    private val placeStep = outputs[index].onnxSteps[placeAxis]
    private val classStep = outputs[index].onnxSteps[2]
    private val classes = rule.classes
    private val blank = rule.blankIndex
    private val probabilities = FloatArray(places * classes)
    private val path = IntArray(places)
    private val text = StringBuilder()
    private val beam = rule.beamWidth.takeIf { it > 1 }?.let { BeamSearch(classes, checkNotNull(blank), it) }

    /** Decodes the outputs of one run; the score is the mean of the best probability of each place. */
    fun decode(outputs: List<Tensor>): Findings.Reading {
        activate(outputs[index].asReals())
        var sum = 0.0
        for (place in 0 until places) {
            path[place] = largest(probabilities, place * classes, classes)
            sum += probabilities[place * classes + path[place]]
        }
        text.setLength(0)
        if (beam == null) followBest() else for (each in beam.search(probabilities, places)) append(each)
        return Findings.Reading(text.toString(), (sum / places).toFloat())
    }

    private fun activate(values: FloatArray) {
        for (place in 0 until places) {
            val from = place * placeStep
            val to = place * classes
            if (rule.activation == Activation.SOFTMAX) {
                softmax(values, from, classStep, classes, probabilities, to)
                continue
            }
            for (i in 0 until classes) {
                val value = values[from + i * classStep]
                probabilities[to + i] = if (rule.activation == Activation.NONE) value else sigmoid(value)
            }
        }
    }

    /** Takes the best class of each place; in CTC equal ones in a row are one character. */
    private fun followBest() {
        for (place in 0 until places) {
            val isRepeated = rule.kind == TextKind.CTC && place > 0 && path[place] == path[place - 1]
            if (!isRepeated) append(path[place])
        }
    }

    private fun append(each: Int) {
        if (each != blank) text.append(rule.alphabet[if (blank != null && each > blank) each - 1 else each])
    }
}
