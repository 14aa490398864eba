"""Judges the steps of a SavedModel and of a TFLite file, and names the first that is wrong."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import onnx

from decant.flatbuffer import Graph
from decant.graph.evaluate import RANDOM
from decant.parity import LARGEST, compare
from decant.runtime import tensor_of

from ..tensorflow_start import import_without_keras
from .rounding import inlined
from .steps import StepJudge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.described import Signature
    from decant.tensors import TensorInfo

    from ..build import Request
    from .steps import Fault, Steps

    Array = NDArray[Any]
    Sample = dict[str, Array]
    Answer = Mapping[str, Array]

NOT_FOUND = (
    "No single step is at fault: where every intermediate result is kept, each is right on what it"
    " was given, so the runtime's own fusion of ops is, or rounding that adds up."
)
UNJUDGED = "No single step was found at fault, but not every one could be judged."
DRAWN = (
    " It draws random numbers, and every runtime draws others: give inputs (--inputs) in which the"
    " noise is scaled by zero."
)
SHOWN = 4
WIDTH = 40


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the steps of a form say.

    Attributes:
        text: Which of them is wrong, or that none is.
        faulty: Whether one is.
        largest: The largest error of any, where all were judged and found right; else None.
        watched: How far outputs of the form are from its own where all steps are kept.
    """

    text: str
    faulty: bool = False
    largest: float | None = None
    watched: float = 0.0


def judge_saved_model(request: Request, samples: tuple[Sample, Sample], answers: Answer) -> Verdict:
    """Judge every emitted step.

    Args:
        request: How the model was built; it is emitted again.
        samples: One as the emitted function takes it, in ONNX order, and as the ONNX model does.
        answers: What the SavedModel gives for it, by output.
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
        f"{emission.keys[info.name]}:0": info.from_onnx_order(samples[0][info.name])
        for info in emission.inputs
    }
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(emission.function.graph.as_graph_def(), name="")
        with tf.compat.v1.Session(graph=graph) as session:
            tensors = session.run([results[name] for name in names], feed)
    values = ((located[name], tensor) for name, tensor in zip(names, tensors, strict=True))
    return _verdict(request.onnx, samples[1], values, answers)


def judge_tflite(
    files: tuple[Path, Path],
    signature: Signature,
    trace: Mapping[str, Any],
    samples: tuple[Sample, Sample],
    answers: Answer,
) -> Verdict:
    """Judge every traced step of a TFLite file.

    Args:
        files: The TFLite file and the ONNX file.
        signature: The TFLite file's inputs and outputs.
        trace: What `trace.json` holds.
        samples: One sample as the TFLite file takes it, and as the ONNX file does.
        answers: What the file gives for it, by output.
    """
    tflite, onnx_file = files
    tensors = _all_tensors(tflite, signature.inputs, samples[0])
    values = (
        (entry, tensors[name])
        for name, entry in trace["tensors"].items()
        if entry["split"] is not None and name in tensors
    )
    return _verdict(onnx_file, samples[1], values, answers)


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


def _verdict(
    path: Path,
    sample: Sample,
    values: Iterable[tuple[Mapping[str, Any], Array]],
    answers: Answer,
) -> Verdict:
    """Judge the steps of a form whose values are known by the ONNX ones that they hold."""
    tensors: dict[str, list[tuple[Mapping[str, Any], Array]]] = {}
    for entry, tensor in values:
        tensors.setdefault(entry["value"], []).append((entry, tensor))

    def found(name: str, shape: tuple[int, ...]) -> Array | None:
        logical = (_logical(entry, tensor, shape) for entry, tensor in tensors.get(name, ()))
        return next((array for array in logical if array is not None), None)

    steps = StepJudge(inlined(path), sample, found).judge()
    fault = steps.first()
    if fault is not None:
        return Verdict(_say(fault), faulty=True)
    if not steps.complete:
        return Verdict(UNJUDGED)
    return Verdict(NOT_FOUND, largest=steps.largest, watched=_watched(steps, answers))


def _watched(steps: Steps, answers: Answer) -> float:
    """How far what a form gives with all its values kept is from what it gives without."""
    distances = [LARGEST * (array.shape != answers[n].shape) for n, array in steps.outputs.items()]
    if not any(distances):
        for name, array in steps.outputs.items():
            parity = compare("", name, [array], [answers[name]], 0.0)
            distances.append(LARGEST if parity.nan else parity.max_relative)
    return max(distances, default=0.0)


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


def _say(fault: Fault) -> str:
    error = f"relative error {fault.parity.max_relative:.2g}"
    error += f", {fault.parity.nan} NaN in one of the two alone" if fault.parity.nan else ""
    named = [_named(node) for node in fault.nodes[:SHOWN]]
    more = f" and {len(fault.nodes) - SHOWN} more" if len(fault.nodes) > SHOWN else ""
    if len(fault.nodes) == 1:
        start = f"The first op that differs is {named[0]}, which makes"
    else:
        start = f"The first op that differs is one of {', '.join(named)}{more}, which make"
    advice = DRAWN if any(node.op_type in RANDOM for node in fault.nodes) else ""
    return (
        f"{start} {fault.value} ({error} on the same inputs, in double precision). What is made"
        f" before it is right on its own inputs.{advice}"
    )


def _named(node: onnx.NodeProto) -> str:
    settings = ", ".join(f"{a.name} = {_short(a)}" for a in node.attribute)
    return f"{node.name or node.output[0]}: {node.op_type}{f' ({settings})' if settings else ''}"


def _short(attribute: onnx.AttributeProto) -> str:
    value = onnx.helper.get_attribute_value(attribute)
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= WIDTH and "\n" not in text else f"{text[: WIDTH - 3].strip()}..."
