package dev.decant.core

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * A runtime whose "model" adds a number to its input: by accelerator, as a real one would differ.
 *
 * @param added an accelerator without a number is not there.
 */
internal class AddingEngine(private val added: Map<Accelerator, Float>) : Engine {
    /** How long a run takes, in nanoseconds of [clock], by the rung's name. */
    val runNs = mutableMapOf<String, Long>()
    var clock = 0L

    /** What is opened, in this order, and how many are open. */
    val opened = mutableListOf<String>()
    var open = 0

    /** Called before every run with the rung's name; may throw. */
    var beforeRun: (String) -> Unit = {}

    override fun open(request: EngineRequest): Session {
        request.requireIntact()
        val number = added[request.accelerator] ?: throw EngineException("${request.accelerator} is not there")
        val isCpu = request.accelerator == Accelerator.CPU
        val name = Rung(request.variant, request.threads.takeIf { isCpu }).toString()
        open++
        opened += name
        return object : Session {
            override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
                beforeRun(name)
                clock += runNs[name] ?: 1_000_000
                outputs[0].setReals(FloatArray(inputs[0].info.size) { inputs[0].asReals()[it] + number })
            }

            override fun close() {
                open--
            }
        }
    }
}

/** A bundle for it in a folder: input x is 1 and 2, output y 2 and 3. */
internal class AddingBundle(val folder: File) {
    private val info = TensorInfo("x", listOf(1, 2), DType.FLOAT32, Layout.KEEP, null)
    val sidecar = Sidecar(
        "m",
        listOf(variant(Accelerator.CPU), variant(Accelerator.NPU), variant(Accelerator.GPU)),
        listOf(info), listOf(info.copy(name = "y")), null, emptyList(), null,
        listOf(golden(emptyMap())), emptyMap(), emptyList(),
    )

    init {
        mapOf("i" to floats(1f, 2f), "o" to floats(2f, 3f), "o2" to floats(4f, 5f), "m" to ByteArray(0))
            .forEach { (name, bytes) -> File(folder, name).writeBytes(bytes) }
    }

    fun variant(accelerator: Accelerator, allowed: Double = 0.1, sha256: String = sha256(ByteArray(0))) =
        Variant(accelerator, "v", "m", sha256, 0, mapOf("y" to allowed))

    /** y is 2 and 3 but for [others]. */
    fun golden(others: Map<Accelerator, TensorFile>): Golden {
        val inputs = mapOf("x" to tensorFile("i", 1f, 2f))
        val expected = Accelerator.entries.associateWith { mapOf("y" to (others[it] ?: tensorFile("o", 2f, 3f))) }
        return Golden(null, null, null, inputs, expected, emptyList())
    }

    fun tensorFile(name: String, vararg values: Float) =
        TensorFile(name, sha256(floats(*values)), DType.FLOAT32, listOf(1, 2))

    fun ladder(engine: AddingEngine, sidecar: Sidecar = this.sidecar, threads: List<Int> = listOf(1, 2)) =
        AcceleratorLadder(engine, sidecar, folder, { engine.clock }, threads)

    fun inputs() = listOf(Tensor(info).apply { setReals(floatArrayOf(10f, 20f)) })

    fun outputs() = listOf(Tensor(info.copy(name = "y")))
}

internal fun floats(vararg values: Float): ByteArray {
    val bytes = ByteBuffer.allocate(4 * values.size).order(ByteOrder.LITTLE_ENDIAN)
    values.forEach { bytes.putFloat(it) }
    return bytes.array()
}
