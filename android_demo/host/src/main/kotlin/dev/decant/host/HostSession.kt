package dev.decant.host

import com.sun.jna.Callback
import com.sun.jna.Memory
import com.sun.jna.Native
import com.sun.jna.Pointer
import com.sun.jna.ptr.PointerByReference
import dev.decant.core.Accelerator
import dev.decant.core.DType
import dev.decant.core.EngineException
import dev.decant.core.EngineRequest
import dev.decant.core.Session
import dev.decant.core.Tensor
import dev.decant.core.TensorInfo

/** One compiled model with its buffers; everything native is released in reverse by [close]. */
internal class HostSession(private val liteRt: LiteRt, private val request: EngineRequest) : Session {
    private val releases = ArrayDeque<() -> Unit>()
    private lateinit var compiled: Pointer
    private lateinit var inputs: BufferList
    private lateinit var outputs: BufferList

    fun open() {
        val environment = create("create an environment") {
            liteRt.LiteRtCreateEnvironment(0, null, it)
        }
        releases += { liteRt.LiteRtDestroyEnvironment(environment) }
        val model = create("read the model") {
            liteRt.LiteRtCreateModelFromFile(environment, request.model.path, it)
        }
        releases += { liteRt.LiteRtDestroyModel(model) }
        val signature = create("find the signature") { liteRt.LiteRtGetModelSignature(model, 0, it) }
        val options = options()
        compiled = create("compile for ${request.accelerator}") {
            liteRt.LiteRtCreateCompiledModel(environment, model, options, it)
        }
        releases += { liteRt.LiteRtDestroyCompiledModel(compiled) }
        inputs = BufferList(environment, Side.Inputs(liteRt, signature, compiled), request.inputs)
        outputs = BufferList(environment, Side.Outputs(liteRt, signature, compiled), request.outputs)
    }

    override fun run(inputs: List<Tensor>, outputs: List<Tensor>) {
        inputs.forEach { this.inputs.write(it) }
        check("run") {
            liteRt.LiteRtRunCompiledModel(
                compiled, 0, inputs.size.toLong(), this.inputs.handles,
                outputs.size.toLong(), this.outputs.handles,
            )
        }
        outputs.forEach { this.outputs.read(it) }
    }

    override fun close() {
        while (releases.isNotEmpty()) releases.removeLast()()
    }

    private fun options(): Pointer {
        val options = create("create options") { liteRt.LiteRtCreateOptions(it) }
        releases += { liteRt.LiteRtDestroyOptions(options) }
        val accelerator = when (request.accelerator) {
            Accelerator.CPU -> LiteRt.ACCELERATOR_CPU
            Accelerator.GPU -> LiteRt.ACCELERATOR_GPU
            Accelerator.NPU -> throw EngineException("${request.model}: is compiled for no NPU")
        }
        check("choose ${request.accelerator}") {
            liteRt.LiteRtSetOptionsHardwareAccelerators(options, accelerator)
        }
        val text = "num_threads = ${request.threads}\n".toByteArray()
        val payload = Pointer(Native.malloc(text.size + 1L))
        payload.write(0, text, 0, text.size)
        payload.setByte(text.size.toLong(), 0)
        val opaque = create("set ${request.threads} threads") {
            liteRt.LiteRtCreateOpaqueOptions("xnnpack", payload, FREE, it)
        }
        // From here on the options own the payload.
        check("set ${request.threads} threads") { liteRt.LiteRtAddOpaqueOptions(options, opaque) }
        return options
    }

    private fun create(step: String, call: (PointerByReference) -> Int): Pointer {
        val reference = PointerByReference()
        check(step) { call(reference) }
        return reference.value
    }

    private fun check(step: String, call: () -> Int) {
        val status = call()
        if (status != 0) {
            throw EngineException("${request.model}: LiteRT cannot $step: ${LiteRt.reason(status)} ($status)")
        }
    }

    /** The buffers of the inputs or of the outputs, in the file's order, found by name. */
    private inner class BufferList(environment: Pointer, side: Side, described: List<TensorInfo>) {
        private val names = List(side.count()) { index ->
            create("name a tensor") { side.name(index, it) }.getString(0)
        }
        private val sizes = described.associate { it.name to it.size.toLong() * it.dtype.bytes }
        val handles = Memory(maxOf(1L, names.size.toLong()) * Native.POINTER_SIZE)
        private val buffers: Map<String, Pointer>

        init {
            if (names.toSet() != described.map { it.name }.toSet()) {
                throw EngineException("${request.model}: has $names, not ${described.map { it.name }}")
            }
            val infos = described.associateBy { it.name }
            buffers = names.withIndex().associate { (index, name) ->
                val type = TensorType(create("find $name") { side.tensor(index, it) })
                type.requireFits(infos.getValue(name))
                name to allocate(environment, side, index, type).also {
                    handles.setPointer(index.toLong() * Native.POINTER_SIZE, it)
                }
            }
        }

        private fun allocate(environment: Pointer, side: Side, index: Int, type: TensorType): Pointer {
            val needs = create("size a buffer") { side.requirements(index, it) }
            val size = Memory(8)
            check("size a buffer") { liteRt.LiteRtGetTensorBufferRequirementsBufferSize(needs, size) }
            val buffer = create("allocate a buffer") {
                liteRt.LiteRtCreateManagedTensorBuffer(
                    environment, LiteRt.HOST_MEMORY, type.memory, size.getLong(0), it,
                )
            }
            releases += { liteRt.LiteRtDestroyTensorBuffer(buffer) }
            return buffer
        }

        fun write(tensor: Tensor) = locked(tensor, LiteRt.LOCK_WRITE) { address ->
            if (tensor.info.dtype == DType.FLOAT32) address.write(0, tensor.floats, 0, tensor.floats.size)
            else address.write(0, tensor.bytes, 0, tensor.bytes.size)
        }

        fun read(tensor: Tensor) = locked(tensor, LiteRt.LOCK_READ) { address ->
            if (tensor.info.dtype == DType.FLOAT32) address.read(0, tensor.floats, 0, tensor.floats.size)
            else address.read(0, tensor.bytes, 0, tensor.bytes.size)
        }

        private fun locked(tensor: Tensor, mode: Int, action: (Pointer) -> Unit) {
            val name = tensor.info.name
            val bytes = tensor.info.size.toLong() * tensor.info.dtype.bytes
            require(bytes == sizes[name]) { "$name has $bytes bytes, not ${sizes[name]}" }
            val buffer = buffers.getValue(name)
            action(create("lock $name") { liteRt.LiteRtLockTensorBuffer(buffer, it, mode) })
            check("unlock $name") { liteRt.LiteRtUnlockTensorBuffer(buffer) }
        }
    }

    /** LiteRtRankedTensorType: element type, a word with the rank in 7 bits, 8 dimensions, 8 strides. */
    private inner class TensorType(tensor: Pointer) {
        val memory = Memory(72).also { memory ->
            check("describe a tensor") { liteRt.LiteRtGetRankedTensorType(tensor, memory) }
        }

        fun requireFits(info: TensorInfo) {
            val dtype = ELEMENT_TYPES[memory.getInt(0)]
            val shape = List(memory.getInt(4) and 0x7F) { memory.getInt(8 + 4L * it) }
            if (dtype != info.dtype || shape != info.shape) {
                throw EngineException(
                    "${request.model}: ${info.name} is ${dtype?.numpyName} $shape, described as " +
                        "${info.dtype.numpyName} ${info.shape}; make both again",
                )
            }
        }
    }

    private companion object {
        val ELEMENT_TYPES = mapOf(1 to DType.FLOAT32, 3 to DType.UINT8, 9 to DType.INT8)
        val FREE = Freer()
    }
}

/** Frees an option's text when LiteRT destroys the option. */
private class Freer : Callback {
    @Suppress("unused") // Called by LiteRT.
    fun callback(payload: Pointer) = Native.free(Pointer.nativeValue(payload))
}

/** The calls that differ between inputs and outputs. */
private sealed interface Side {
    fun count(): Int
    fun name(index: Int, into: PointerByReference): Int
    fun tensor(index: Int, into: PointerByReference): Int
    fun requirements(index: Int, into: PointerByReference): Int

    class Inputs(
        private val liteRt: LiteRt,
        private val signature: Pointer,
        private val compiled: Pointer,
    ) : Side {
        override fun count() = counted { liteRt.LiteRtGetNumSignatureInputs(signature, it) }
        override fun name(index: Int, into: PointerByReference) =
            liteRt.LiteRtGetSignatureInputName(signature, index.toLong(), into)
        override fun tensor(index: Int, into: PointerByReference) =
            liteRt.LiteRtGetSignatureInputTensorByIndex(signature, index.toLong(), into)
        override fun requirements(index: Int, into: PointerByReference) =
            liteRt.LiteRtGetCompiledModelInputBufferRequirements(compiled, 0, index.toLong(), into)
    }

    class Outputs(
        private val liteRt: LiteRt,
        private val signature: Pointer,
        private val compiled: Pointer,
    ) : Side {
        override fun count() = counted { liteRt.LiteRtGetNumSignatureOutputs(signature, it) }
        override fun name(index: Int, into: PointerByReference) =
            liteRt.LiteRtGetSignatureOutputName(signature, index.toLong(), into)
        override fun tensor(index: Int, into: PointerByReference) =
            liteRt.LiteRtGetSignatureOutputTensorByIndex(signature, index.toLong(), into)
        override fun requirements(index: Int, into: PointerByReference) =
            liteRt.LiteRtGetCompiledModelOutputBufferRequirements(compiled, 0, index.toLong(), into)
    }
}

private fun counted(call: (Pointer) -> Int): Int {
    val count = Memory(8).apply { setLong(0, 0) }
    // A signature that cannot be counted has no tensors, which the caller refuses.
    call(count)
    return count.getLong(0).toInt()
}
