package dev.decant.core

/** Checks that the parts of a sidecar speak of the same tensors. */
internal object SidecarCheck {
    private const val CORNERS = 4
    private const val NO_INPUT = "is no input of its own"

    fun check(sidecar: Sidecar) {
        unique(sidecar.inputs.map { it.name }, "inputs")
        unique(sidecar.outputs.map { it.name }, "outputs")
        variants(sidecar)
        sidecar.image?.let { image(it, sidecar.inputs) }
        others(sidecar)
        DecodeCheck(sidecar.outputs, sidecar.labels).check(sidecar.decode)
        sidecar.golden.forEachIndexed { index, golden -> example(golden, sidecar, "golden.$index") }
        sidecar.verdicts.forEachIndexed { index, verdict ->
            if (verdict.measured == null && verdict.met != null) {
                JsonFields.refuse("verdicts.$index.met", "goes with measured, which is null")
            }
        }
    }

    private fun unique(names: List<Any>, path: String) {
        val twice = names.firstOrNull { name -> names.count { it == name } > 1 }
        if (names.isEmpty()) JsonFields.refuse(path, "is empty")
        if (twice != null) JsonFields.refuse(path, "has $twice twice")
    }

    private fun variants(sidecar: Sidecar) {
        val accelerators = sidecar.variants.map { it.accelerator }
        unique(accelerators, "variants")
        if (Accelerator.CPU !in accelerators) JsonFields.refuse("variants", "has none for the cpu")
        sidecar.variants.forEachIndexed { index, variant ->
            sameNames(variant.tolerance.keys, sidecar.outputs, "variants.$index.tolerance")
        }
    }

    private fun image(input: ImageInput, inputs: List<TensorInfo>) {
        val info = inputs.firstOrNull { it.name == input.name }
            ?: JsonFields.refuse("image.name", "is \"${input.name}\", which no input is called")
        val (height, width) = input.rule.height to input.rule.width
        val channels = input.rule.colour.channels
        val planar = listOf(channels, height, width)
        val expected = if (info.layout.channelsLast) listOf(height, width, channels) else planar
        if (info.shape.size != 4 || info.shape.drop(1) != expected) {
            JsonFields.refuse("image.rule", "gives a tensor $expected; ${info.name} is ${info.shape}")
        }
        if (input.normalisedBy == NormalisedBy.FILE && info.dtype != DType.UINT8) {
            JsonFields.refuse("image.normalised_by", "is \"file\", which needs a uint8 input")
        }
    }

    /** Rules of numbers and sounds are each for an input of its own, which their sizes fit. */
    private fun others(sidecar: Sidecar) {
        val inputs = sidecar.inputs.filter { it.name != sidecar.image?.name }
        for ((name, rule) in sidecar.arrays) {
            val info = inputs.firstOrNull { it.name == name } ?: JsonFields.refuse("arrays.$name", NO_INPUT)
            val channels = if (info.layout.channelsLast) info.shape.last() else info.shape.getOrNull(1)
            for ((key, numbers) in listOf("mean" to rule.mean, "std" to rule.std)) {
                if (numbers.size > 1 && numbers.size != channels) {
                    JsonFields.refuse("arrays.$name.$key", "has ${numbers.size} numbers; $name is ${info.shape}")
                }
            }
        }
        val left = inputs.map { it.name } - sidecar.arrays.keys
        sidecar.sounds.keys.firstOrNull { it !in left }?.let { JsonFields.refuse("sounds.$it", NO_INPUT) }
    }

    private fun example(golden: Golden, sidecar: Sidecar, path: String) {
        pixels(golden.pixels, sidecar.image?.rule, "$path.pixels")
        if ((golden.photo == null) != (golden.photoSha256 == null)) {
            JsonFields.refuse("$path.photo_sha256", "and photo belong together")
        }
        val others = sidecar.inputs.filter { it.name != sidecar.image?.name }
        tensors(golden.inputs, others, "$path.inputs")
        val accelerators = sidecar.variants.map { it.accelerator }
        if (golden.outputs.keys != accelerators.toSet()) {
            JsonFields.refuse("$path.outputs", "must have those of each of ${accelerators.map { it.name.lowercase() }}")
        }
        for ((accelerator, files) in golden.outputs) {
            tensors(files, sidecar.outputs, "$path.outputs.${accelerator.name.lowercase()}")
        }
        golden.predictions.forEachIndexed { index, found ->
            prediction(found, sidecar, "$path.predictions.$index")
        }
    }

    private fun prediction(found: Prediction, sidecar: Sidecar, path: String) {
        if (sidecar.decode is UndecodedRule) return // Neither its labels nor its corners are known.
        if (sidecar.decode !is TextRule && found.label !in sidecar.labels) {
            JsonFields.refuse("$path.label", "is \"${found.label}\", which is not among labels")
        }
        val corners = if (sidecar.decode is DetectionRule) CORNERS else 0
        if (found.quad.size != corners) {
            JsonFields.refuse("$path.quad", "must have $corners corners by the decode rule")
        }
    }

    private fun pixels(file: TensorFile?, rule: ImageRule?, path: String) {
        if ((file == null) != (rule == null)) {
            JsonFields.refuse(path, "and image belong together")
        }
        if (file == null || rule == null) return
        tensor(file, listOf(rule.height, rule.width, rule.colour.channels), DType.UINT8, path)
    }

    private fun tensors(files: Map<String, TensorFile>, tensors: List<TensorInfo>, path: String) {
        sameNames(files.keys, tensors, path)
        for (info in tensors) {
            val file = files.getValue(info.name)
            tensor(file, info.shape, info.dtype, "$path.${info.name}")
        }
    }

    private fun tensor(file: TensorFile, shape: List<Int>, dtype: DType, path: String) {
        if (file.shape != shape) JsonFields.refuse("$path.shape", "is ${file.shape}, not $shape")
        if (file.dtype != dtype) {
            JsonFields.refuse("$path.dtype", "is ${file.dtype.numpyName}, not ${dtype.numpyName}")
        }
    }

    private fun sameNames(found: Set<String>, tensors: List<TensorInfo>, path: String) {
        val names = tensors.map { it.name }
        if (found != names.toSet()) JsonFields.refuse(path, "must have each of $names")
    }
}
