package refused

import android.content.Context
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.Environment
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.TensorBuffer
import com.google.android.gms.common.api.ApiException
import com.google.android.gms.litert.LiteRt

fun environment() = Environment.create(mapOf("DispatchLibraryDir" to "/lib")) // refused 1

fun input(model: CompiledModel) = model.createInputBuffer("image", null) // refused 2

fun output(model: CompiledModel) = model.createOutputBuffer("scores", null) // refused 3

fun run(model: CompiledModel, buffers: Map<String, TensorBuffer>) =
    model.run(buffers, buffers, null) // refused 4

fun failure() = LiteRtException("without a status") // refused 7

fun playFailure() = ApiException("without a status") // refused 8

fun buffer() = TensorBuffer() // refused 9

fun runtime(context: Context) = LiteRt.initialize(context = context) // refused 10: Java has no named arguments
