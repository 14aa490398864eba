"""Builds SavedModel and TFLite file from an ONNX file; runs in a process of its own."""

from __future__ import annotations

import functools
import gc
import logging
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.artifacts import scratch_folder, write_bytes
from decant.files import FLOAT_FILE, TRACE_SCHEMA
from decant.flatbuffer import Graph
from decant.flatbuffer.outside import hold_lists, pieces
from decant.flatbuffer.packing import MOST_BYTES, packed, room_for, written
from decant.graph.load import load, told_if_unsound
from decant.graph.rewrite import Applied, apply

from .tensorflow_start import import_without_keras

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx_ir as ir
    from numpy.typing import NDArray

    from decant.shapes import FixedShape
    from decant.tensors import TensorInfo

    from .layout.signature import InputType, LayoutRule
    from .lowering.emit import Emission
    from .lowering.trace import Located
    from .stand_ins import StandIn
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
        tflite: The file, beside the SavedModel.
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

    tflite: Path
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
    from .served import answers

    tf.config.threading.set_intra_op_parallelism_threads(1)  # the same sums on every run
    with told_if_unsound(request.onnx, request.shapes):
        try:
            made = _made(request, samples)
        except NoKernel as reason:
            logger.info("the network is quantized by arithmetic: %s", reason)
            with written_out():
                made = _made(request, samples)
    emission, built = made
    return replace(built, answers=answers(request.folder, emission, samples))


def _made(request: Request, samples: Sequence[Sample]) -> tuple[Emission, Built]:
    """Rewrite and emit a network, write the SavedModel, and convert it.

    Whatever holds all weights is let go of before the next step.

    Returns:
        What was emitted, without its weights, and what was built, which has no answers yet.
    """
    from .int8.quanta import quanta

    model, applied = rewritten(request)
    steps = quanta(model.graph)
    example = {name: array.shape for name, array in samples[0].items()} if samples else {}
    emission = _emitted_apart(request, model, example)
    del model
    with scratch_folder("decant-stand-ins-") as folder:
        emission, sent = _saved(request, emission, folder)
        gc.collect()
        integers = any(rewrite.name in INTEGER_WEIGHTS for rewrite in applied)
        file = _converted(request, emission, (folder, sent), integer_weights=integers)
    graph = Graph(file.model)
    write = written
    if sized(graph, emission.inputs, samples):
        hold_lists(file.model)
        write = packed
    if room_for(file.model) > MOST_BYTES:
        graph.forget_lowest_runtime()  # no table says since when runtimes read such files
    tflite = request.folder.with_name(FLOAT_FILE)
    write_bytes(tflite, *pieces(file.model, write))
    built = Built(
        tflite=tflite,
        inputs=emission.inputs,
        outputs=emission.outputs,
        trace=trace_document(file.tensors, file.activations),
        rewrites=applied,
        op_histogram=graph.histogram(),
        lowest_runtime=graph.lowest_runtime,
        answers=[],
        quanta=steps,
    )
    return replace(emission, weights={}, extremes=()), built


def _emitted_apart(
    request: Request, model: ir.Model, example: Mapping[str, Sequence[int]]
) -> Emission:
    """Emit a network without its large weights, if that can be."""
    from .layout.weights import apart

    with apart():
        emission = emitted(request, model, example)
    if emission.function.captured_inputs:  # TensorFlow itself writes what has variables
        emission = emitted(request, model, example)
    return emission


def _saved(
    request: Request, emission: Emission, folder: Path
) -> tuple[Emission, tuple[StandIn, ...]]:
    """Write the SavedModel, and into a folder the same of stand-ins.

    Returns:
        What was emitted, of which the weights lie on the disk now, and what stands for these.
    """
    from . import savedmodel
    from .stand_ins import stand_ins, values

    shutil.rmtree(request.folder, ignore_errors=True)
    savedmodel.write(emission, request.folder)
    if emission.weights:
        _, stored = savedmodel.read(request.folder)
        emission = replace(emission, weights={name: stored[name] for name in emission.weights})
    sent = stand_ins(emission)
    if sent:
        savedmodel.write(emission, folder, values(sent))
    return replace(emission, module=None, function=None), sent


def _converted(
    request: Request,
    emission: Emission,
    small: tuple[Path, tuple[StandIn, ...]],
    *,
    integer_weights: bool,
) -> TFLiteFile:
    """Convert the SavedModel of stand-ins where that is as good, or else the whole one."""
    from . import tflite
    from .stand_ins import NotRestored

    convert = functools.partial(
        tflite.convert,
        emission=emission,
        allow_flex=request.allow_flex,
        integer_weights=integer_weights,
    )
    folder, sent = small
    if sent:
        try:
            return convert(folder, sent=sent)
        except NotRestored as lost:
            logger.debug("the converter gets all weights", exc_info=lost)
    return convert(request.folder)


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
