"""Finds the first operator whose result differs between ONNX Runtime and a later form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import onnx_ir as ir
from onnx_ir.passes import common

from .parity import compare
from .reference import OnnxRuntime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.tensors import TensorInfo

    from .build import Request

    Array = NDArray[Any]
    Sample = dict[str, Array]
    Border = tuple[tuple[TensorInfo, ...], tuple[TensorInfo, ...]]

NOT_FOUND = "No single op is at fault: each intermediate result agrees, the error adds up."


def bisect_saved_model(request: Request, raw: Sample, normalised: Sample, tolerance: float) -> str:
    """Compare every emitted value with ONNX Runtime's and name the first op that differs.

    Args:
        request: How the model was built; it is emitted again.
        raw: One sample as the emitted function takes it, in ONNX order.
        normalised: The same sample as the ONNX model takes it.
        tolerance: Largest relative error allowed.
    """
    import tensorflow as tf

    from .build import emitted, rewritten, trace_document

    model, _ = rewritten(request)
    emission = emitted(request, model)
    located = trace_document(emission.tensors, 0)["tensors"]
    names = [name for name, entry in located.items() if entry["split"] is not None]
    feed = {
        f"{emission.keys[info.name]}:0": info.from_onnx_order(raw[info.name])
        for info in emission.inputs
    }
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(emission.function.graph.as_graph_def(), name="")
        fetches = [f"{name}:0" for name in names]
        with tf.compat.v1.Session(graph=graph) as session:
            tensors = session.run(fetches, feed)
    values = ((located[name], tensor) for name, tensor in zip(names, tensors, strict=True))
    found = _first_difference(values, _intermediates(request.onnx, normalised), tolerance)
    nodes = {v.name: node for node in model.graph for v in node.outputs}
    return _say(found, nodes)


def bisect_tflite(
    files: tuple[Path, Path],
    border: Border,
    trace: Mapping[str, Any],
    samples: tuple[Sample, Sample],
    tolerance: float,
) -> str:
    """Compare every traced tensor of a TFLite file with ONNX Runtime's value.

    Args:
        files: The TFLite file and the ONNX file.
        border: The TFLite file's inputs and outputs.
        trace: What `trace.json` holds.
        samples: One sample as the TFLite file takes it, and as the ONNX file does.
        tolerance: Largest relative error allowed.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    tflite, onnx = files
    interpreter = Interpreter(
        model_path=str(tflite),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    details = {entry["name"]: entry["index"] for entry in interpreter.get_tensor_details()}
    for info, entry in zip(border[0], interpreter.get_input_details(), strict=True):
        interpreter.set_tensor(entry["index"], info.from_onnx_order(samples[0][info.name]))
    interpreter.invoke()
    values = (
        (entry, interpreter.get_tensor(details[name]))
        for name, entry in trace["tensors"].items()
        if entry["split"] is not None and name in details
    )
    found = _first_difference(values, _intermediates(onnx, samples[1]), tolerance)
    if found is None:
        return f"{NOT_FOUND} Without XNNPACK the file agrees, so the delegate is at fault."
    nodes = {v.name: node for node in ir.load(onnx).graph for v in node.outputs}
    return _say(found, nodes)


def _first_difference(
    values: Iterable[tuple[Mapping[str, Any], Array]],
    expected: Mapping[str, Array],
    tolerance: float,
) -> tuple[str, str] | None:
    """Return the earliest ONNX value that is off, and by how much, in the graph's order."""
    order = {name: i for i, name in enumerate(expected)}
    worst: dict[str, str] = {}
    for entry, tensor in values:
        name = entry["value"]
        if name not in expected or name in worst:
            continue
        split = [-1 if size is None else size for size in entry["split"]]
        if math.prod(split) not in (tensor.size, -tensor.size) and -1 not in split:
            continue
        logical = tensor.reshape(split).transpose(entry["perm"]).reshape(expected[name].shape)
        parity = compare("", name, [logical], [expected[name]], tolerance)
        if not parity.passed:
            worst[name] = f"relative error {parity.max_relative:.2g}" + (
                f", {parity.nan} NaN" if parity.nan else ""
            )
    first = min(worst, key=order.__getitem__, default=None)
    return None if first is None else (first, worst[first])


def _say(found: tuple[str, str] | None, nodes: Mapping[str | None, ir.Node]) -> str:
    if found is None:
        return NOT_FOUND
    name, error = found
    node = nodes.get(name)
    if node is None:
        return f"The first value that differs is {name} ({error})."
    settings = ", ".join(f"{key} = {_short(attr)}" for key, attr in node.attributes.items())
    return (
        f"The first op that differs is {node.name or name}: {node.op_type}"
        f"{f' ({settings})' if settings else ''}, which makes {name} ({error})."
    )


def _short(attribute: ir.Attr) -> str:
    text = str(attribute.value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _intermediates(onnx: Path, sample: Sample) -> dict[str, Array]:
    """Compute every value of an ONNX file by name, in the graph's order."""
    model = ir.load(onnx)
    common.InlinePass()(model)
    graph = model.graph
    outputs = set(graph.outputs)
    graph.outputs.extend(value for value in _made(graph) if value not in outputs)
    proto = ir.serde.serialize_model(model)
    found = OnnxRuntime(proto.SerializeToString(), optimize=False).run(sample)
    ordered = [str(value.name) for value in _made(graph)]
    return {name: found[name] for name in ordered if name in found}


def _made(graph: ir.Graph) -> Iterator[ir.Value]:
    for node in graph:
        yield from (value for value in node.outputs if value.name)
