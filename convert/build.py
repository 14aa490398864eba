"""Builds SavedModel and TFLite file from an ONNX file; runs in a process of its own."""

from __future__ import annotations

import gc
import logging
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.files import TRACE_SCHEMA
from decant.flatbuffer import Graph
from decant.graph.load import load, told_if_unsound
from decant.graph.rewrite import Applied, apply

from .tensorflow_start import import_without_keras

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx_ir as ir
    from numpy.typing import NDArray

    from decant.errors import DecantError
    from decant.shapes import FixedShape
    from decant.tensors import TensorInfo

    from .layout.signature import InputType, LayoutRule
    from .lowering.emit import Emission
    from .lowering.trace import Located
    from .tflite import TFLiteFile

    Sample = dict[str, NDArray[Any]]


logger = logging.getLogger(__name__)

INTEGER_WEIGHTS = frozenset({"block_weights", "integer_weights"})
"""The rewrites that make floats of weights that are stored as integers."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to build.

    Attributes:
        onnx: The model.
        folder: Where the SavedModel goes (a new folder).
        shapes: Sizes of inputs that the model leaves free.
        input_layout: See `emit`.
        output_layout: See `emit`.
        input_dtype: See `emit`.
        normalization: Mean and std to apply inside, for raw pixels.
        rewrites: Bounded rewrites to apply beside the exact ones.
        without: Rewrites to leave out.
        operators: The user's operators files.
        allow_flex: Whether TensorFlow ops may stay.
    """

    onnx: Path
    folder: Path
    shapes: Mapping[str, FixedShape] = field(default_factory=dict)
    input_layout: LayoutRule = "nhwc"
    output_layout: LayoutRule = "nhwc"
    input_dtype: InputType = "float32"
    normalization: tuple[Sequence[float], Sequence[float]] | None = None
    rewrites: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    operators: tuple[Path, ...] = ()
    allow_flex: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """What was built.

    Attributes:
        tflite: The flatbuffer.
        inputs: Inputs of the file.
        outputs: Outputs of the file.
        trace: What `trace.json` holds. (Plain data: the reader need not import TensorFlow.)
        rewrites: Which rewrites applied how often.
        op_histogram: Operator of the file → count.
        lowest_runtime: See `ConvertReport`.
        answers: What the SavedModel computes for each sample, in ONNX order.
        quanta: Output → what one step of the integers that it is made of may move it by, for
            those that are made of integers.
    """

    tflite: bytes
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    trace: dict[str, Any]
    rewrites: tuple[Applied, ...]
    op_histogram: dict[str, int]
    lowest_runtime: str | None
    answers: list[list[NDArray[Any]]]
    quanta: dict[str, float] = field(default_factory=dict)


def make_ready() -> None:
    """Import what `build` needs, which takes seconds."""
    import_without_keras()
    from . import ops, savedmodel, tflite  # noqa: F401


def build(request: Request, samples: Sequence[Sample]) -> Built:
    """Rewrite, emit, save, convert, and run the SavedModel on the samples.

    Raises:
        UnsupportedOp: Nodes cannot be converted; all of them are listed.
        DataError: The ONNX file cannot be read.
        UsageError: A rewrite is not known, or an input cannot take raw pixels.
    """
    import_without_keras()
    import tensorflow as tf

    from .int8 import NoKernel
    from .int8.markers import written_out

    tf.config.threading.set_intra_op_parallelism_threads(1)  # the same sums on every run
    example = {name: array.shape for name, array in samples[0].items()} if samples else {}
    with told_if_unsound(request.onnx, request.shapes):
        try:
            made = _made(request, example)
        except NoKernel as reason:
            logger.info("the network is quantized by arithmetic: %s", reason)
            with written_out():
                made = _made(request, example)
    emission, file = made.emission, made.file
    answers = _answers(request.folder, emission, samples)
    graph = Graph.from_bytes(file.data)
    return Built(
        tflite=graph.to_bytes() if sized(graph, emission.inputs, samples) else file.data,
        inputs=emission.inputs,
        outputs=emission.outputs,
        trace=trace_document(file.tensors, file.activations),
        rewrites=made.rewrites,
        op_histogram=graph.histogram(),
        lowest_runtime=graph.lowest_runtime,
        answers=answers,
        quanta=made.quanta,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """A SavedModel's file, and what is known of it; see `Built`."""

    emission: Emission
    file: TFLiteFile
    rewrites: tuple[Applied, ...]
    quanta: dict[str, float]


def _made(request: Request, example: Mapping[str, Sequence[int]]) -> _Made:
    """Rewrite and emit a network, write the SavedModel, and convert it.

    Whatever holds all weights is let go of before the next step.
    """
    from . import savedmodel, tflite
    from .int8.quanta import quanta

    model, applied = rewritten(request)
    steps = quanta(model.graph)
    emission = emitted(request, model, example)
    del model
    shutil.rmtree(request.folder, ignore_errors=True)
    savedmodel.write(emission, request.folder)
    emission = replace(emission, module=None, function=None)
    gc.collect()
    integers = any(rewrite.name in INTEGER_WEIGHTS for rewrite in applied)
    file = tflite.convert(
        request.folder, emission, allow_flex=request.allow_flex, integer_weights=integers
    )
    return _Made(emission, file, applied, steps)


def sized(graph: Graph, inputs: Sequence[TensorInfo], samples: Sequence[Sample]) -> bool:
    """Make the sizes of the first sample those that a file with free ones has until it is resized.

    TensorFlow's converter makes them 1, with which many a network cannot even be loaded.

    Returns:
        Whether there are any.
    """
    free = [info for info in inputs if None in info.shape]
    if not (free and samples):
        return False
    tensors = graph.signature_inputs()
    for info in free:
        shape = info.from_onnx_order(samples[0][info.name]).shape
        graph.subgraph.tensors[tensors[info.name]].shape = list(shape)
    return True


def rewritten(request: Request) -> tuple[ir.Model, tuple[Applied, ...]]:
    """Load the model and apply the rewrites."""
    from .operators_files import rewrites_with
    from .rewrites.camera import take_raw_pixels

    model = load(request.onnx, request.shapes)
    if request.input_dtype == "uint8":
        model = take_raw_pixels(model, request.normalization)
    chosen = rewrites_with(request.operators).chosen(request.rewrites, request.without)
    return apply(model, chosen)


def emitted(
    request: Request, model: ir.Model, example: Mapping[str, Sequence[int]] | None = None
) -> Emission:
    """Emit a rewritten model as the request says; `example` has sizes for messages."""
    from .lowering.emit import emit
    from .operators_files import lowerings_with

    return emit(
        model,
        lowerings_with(request.operators),
        input_layout=request.input_layout,
        output_layout=request.output_layout,
        input_dtype=request.input_dtype,
        example=example,
    )


def trace_document(tensors: Mapping[str, Located], activations: int) -> dict[str, Any]:
    """Lay out `trace.json`: TFLite tensor → ONNX value → PyTorch module, with the view.

    With `split` given, `tensor.reshape(split).transpose(perm).reshape(shape)` is the ONNX value;
    otherwise the tensor is a step on the way to it.
    """
    entries = {
        name: {
            "value": located.value,
            "module": located.module,
            "split": None if located.split is None else list(located.split),
            "perm": None if located.perm is None else list(located.perm),
            "shape": None if located.shape is None else list(located.shape),
        }
        for name, located in tensors.items()
    }
    return {"schema": TRACE_SCHEMA, "activations": activations, "tensors": entries}


def _answers(
    folder: Path, emission: Emission, samples: Sequence[Sample]
) -> list[list[NDArray[Any]]]:
    """Run the SavedModel as it lies on the disk.

    In a session: TensorFlow 2's reader copies the graph node by node in Python, which takes as long
    as the conversion. And op by op: its optimizer copies the weights, for a few runs.
    """
    import tensorflow as tf

    from .lowering.emit import SIGNATURE

    if not samples:
        return []
    v1 = tf.compat.v1
    config = v1.ConfigProto(intra_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = v1.OptimizerOptions.L0
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        meta = v1.saved_model.load(session, [tf.saved_model.SERVING], str(folder))
        signature = meta.signature_def[SIGNATURE]
        wanted = [signature.outputs[emission.keys[info.name]].name for info in emission.outputs]
        answers = []
        for sample in samples:
            given = {
                signature.inputs[emission.keys[info.name]].name: info.from_onnx_order(
                    sample[info.name]
                )
                for info in emission.inputs
            }
            try:
                found = session.run(wanted, given)
            except tf.errors.OpError as error:
                raise _cannot_run(error, emission) from error
            answers.append(
                [info.to_onnx_order(y) for info, y in zip(emission.outputs, found, strict=True)]
            )
    return answers


def _cannot_run(error: Exception, emission: Emission) -> DecantError:
    """Name the node whose emitted op TensorFlow has no code for."""
    from .lowering.refusals import RUN_ADVICE, Problem, report

    message = str(error)
    scopes = re.findall(r"\{\{node (n\d+)/", message) or re.findall(r"\b(n\d+)/", message)
    lines = [line.strip() for line in message.splitlines()]
    told = [x for x in lines if x and not x.startswith(("[[", "Detected", "<", "Graph", "("))]
    reason = re.sub(r"\s*\[Op:\w+\]$", "", told[0]) if told else "no reason given"
    name, op = emission.nodes.get(scopes[0] if scopes else "", ("the model", "its SavedModel"))
    return report([Problem(name, op, f"TensorFlow cannot run it on a CPU ({reason})", RUN_ADVICE)])
