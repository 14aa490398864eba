"""Finds the first operator whose result differs between ONNX Runtime and a later form."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx_ir.passes import common

from decant.flatbuffer import Graph
from decant.graph.evaluate import RANDOM
from decant.onnx_runtime import OnnxRuntime
from decant.runtime import tensor_of

from ..tensorflow_start import import_without_keras
from .cuts import Cuts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.described import Signature
    from decant.tensors import TensorInfo

    from ..build import Request
    from .cuts import Fault

    Array = NDArray[Any]
    Sample = dict[str, Array]

NOT_FOUND = (
    "No single op is at fault: where every intermediate result is kept, the outputs agree, so the"
    " runtime's own fusion of ops is, or rounding that adds up."
)
DRAWN = (
    " It draws random numbers, and every runtime draws others: give inputs (--inputs) in which the"
    " noise is scaled by zero."
)
SHOWN = 4
WIDTH = 40


def search_saved_model(request: Request, raw: Sample, normalised: Sample, tolerance: float) -> str:
    """Compare every emitted value with ONNX Runtime's and name the first op that differs.

    Args:
        request: How the model was built; it is emitted again.
        raw: One sample as the emitted function takes it, in ONNX order.
        normalised: The same sample as the ONNX model takes it.
        tolerance: Largest relative error allowed.
    """
    import_without_keras()
    import tensorflow as tf

    from ..build import emitted, rewritten, trace_document
    from ..lowering.trace import tflite_name

    model, _ = rewritten(request)
    emission = emitted(request, model)
    located = trace_document(emission.tensors, 0)["tensors"]
    results = {tflite_name(t): t.name for t in _tensors(emission.function.graph)}
    names = [name for name, entry in located.items() if entry["split"] and name in results]
    feed = {
        f"{emission.keys[info.name]}:0": info.from_onnx_order(raw[info.name])
        for info in emission.inputs
    }
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(emission.function.graph.as_graph_def(), name="")
        with tf.compat.v1.Session(graph=graph) as session:
            tensors = session.run([results[name] for name in names], feed)
    values = ((located[name], tensor) for name, tensor in zip(names, tensors, strict=True))
    return _say(_fault(request.onnx, normalised, values, tolerance))


def search_tflite(
    files: tuple[Path, Path],
    signature: Signature,
    trace: Mapping[str, Any],
    samples: tuple[Sample, Sample],
    tolerance: float,
) -> str:
    """Compare the traced tensors of a TFLite file with ONNX Runtime's values.

    Args:
        files: The TFLite file and the ONNX file.
        signature: The TFLite file's inputs and outputs.
        trace: What `trace.json` holds.
        samples: One sample as the TFLite file takes it, and as the ONNX file does.
        tolerance: Largest relative error allowed.
    """
    tflite, onnx_file = files
    tensors = _all_tensors(tflite, signature.inputs, samples[0])
    values = (
        (entry, tensors[name])
        for name, entry in trace["tensors"].items()
        if entry["split"] is not None and name in tensors
    )
    return _say(_fault(onnx_file, samples[1], values, tolerance))


def _tensors(graph: Any) -> Iterator[Any]:
    for operation in graph.get_operations():
        yield from operation.outputs


def _all_tensors(path: Path, inputs: Sequence[TensorInfo], sample: Sample) -> dict[str, Array]:
    """Run a TFLite file with every result as an output, so that XNNPACK computes them as always."""
    from ai_edge_litert.interpreter import Interpreter

    graph = Graph.from_file(path)
    results = sorted({int(i) for operator in graph.operators for i in operator.outputs})
    graph.set_outputs({str(i): i for i in results})
    interpreter = Interpreter(model_content=graph.to_bytes())
    arrays = [info.from_onnx_order(sample[info.name]) for info in inputs]
    for index, array in zip(graph.inputs, arrays, strict=True):
        interpreter.resize_tensor_input(index, array.shape)
    interpreter.allocate_tensors()
    for index, array in zip(graph.inputs, arrays, strict=True):
        interpreter.set_tensor(index, array)
    interpreter.invoke()
    return {graph.name(i): tensor_of(interpreter, i) for i in graph.outputs}


def failing_value(path: Path, message: str, trace: Mapping[str, Any]) -> str:
    """The ONNX value that the op makes of which LiteRT says that it fails; "" if it says none."""
    found = re.search(r"Node number (\d+) \((\w+)\)", message)
    graph = Graph.from_file(path)
    number = int(found[1]) if found else len(graph.operators)
    if found is None or number >= len(graph.operators):  # a delegate's own node
        return ""
    name = graph.name(int(graph.operators[number].outputs[0]))
    entry = trace.get("tensors", {}).get(name, {"value": name})
    return f"{entry['value']} ({found[2]})"


def _fault(
    path: Path,
    sample: Sample,
    values: Iterable[tuple[Mapping[str, Any], Array]],
    tolerance: float,
) -> Fault | None:
    """Find the nodes of an ONNX file with whose results its outputs begin to differ."""
    model = ir.load(path)
    common.InlinePass()(model)
    proto = ir.serde.serialize_model(model)
    expected = {**sample, **_intermediates(proto, sample)}
    found: dict[str, Array] = {}
    for entry, tensor in values:
        name = entry["value"]
        if name in expected and name not in found:
            logical = _logical(entry, tensor, expected[name].shape)
            if logical is not None:
                found[name] = logical
    return Cuts(proto, expected, found).fault(tolerance)


def _logical(entry: Mapping[str, Any], tensor: Array, shape: tuple[int, ...]) -> Array | None:
    """A tensor in ONNX order; None where its sizes do not tell how it lies."""
    split = entry["split"]
    if split.count(None) > 1 and tensor.ndim == len(split):
        split = list(tensor.shape)
    if split.count(None) > 1 or tensor.size != math.prod(shape):
        return None
    known = math.prod(size for size in split if size is not None)
    if known == 0 or tensor.size % known or (None not in split and tensor.size != known):
        return None
    sizes = [tensor.size // known if size is None else size for size in split]
    return tensor.reshape(sizes).transpose(entry["perm"]).reshape(shape)


def _say(fault: Fault | None) -> str:
    if fault is None:
        return NOT_FOUND
    error = f"relative error {fault.parity.max_relative:.2g}"
    error += f", {fault.parity.nan} NaN" if fault.parity.nan else ""
    named = [_named(node) for node in fault.nodes[:SHOWN]]
    more = f" and {len(fault.nodes) - SHOWN} more" if len(fault.nodes) > SHOWN else ""
    if len(fault.nodes) == 1:
        start = f"The first op that differs is {named[0]}, which makes"
    else:
        start = f"The first op that differs is one of {', '.join(named)}{more}, which make"
    advice = DRAWN if any(node.op_type in RANDOM for node in fault.nodes) else ""
    return (
        f"{start} {fault.value} ({error} on the same inputs). With the results before it the"
        f" outputs agree, and with its own they do not.{advice}"
    )


def _named(node: onnx.NodeProto) -> str:
    settings = ", ".join(f"{a.name} = {_short(a)}" for a in node.attribute)
    return f"{node.name or node.output[0]}: {node.op_type}{f' ({settings})' if settings else ''}"


def _short(attribute: onnx.AttributeProto) -> str:
    value = onnx.helper.get_attribute_value(attribute)
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= WIDTH and "\n" not in text else f"{text[: WIDTH - 3].strip()}..."


def _intermediates(model: onnx.ModelProto, sample: Sample) -> dict[str, Array]:
    """Compute every value of an ONNX model by name."""
    every = onnx.ModelProto()
    every.CopyFrom(model)
    outputs = {output.name for output in every.graph.output}
    made = (name for node in every.graph.node for name in node.output if name)
    every.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in made if name not in outputs
    )
    results = OnnxRuntime(every.SerializeToString(), optimize=False).run(sample)
    return {name: array for name, array in results.items() if isinstance(array, np.ndarray)}
