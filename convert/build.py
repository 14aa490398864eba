"""Builds SavedModel and TFLite file from an ONNX file; runs in a process of its own."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.graph.load import load
from decant.graph.rewrite import Applied, apply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx_ir as ir
    from numpy.typing import NDArray

    from decant.errors import DecantError
    from decant.tensors import TensorInfo

    from .emit import Emission, InputType, LayoutRule
    from .trace import Located

    Sample = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """What to build.

    Attributes:
        onnx: The model.
        folder: Where the SavedModel goes (a new folder).
        input_layout: See `emit`.
        output_layout: See `emit`.
        input_dtype: See `emit`.
        normalization: Mean and std to apply inside, for raw pixels.
        rewrites: Bounded rewrites to apply beside the exact ones.
        operators: The user's operators files.
        allow_flex: Whether TensorFlow ops may stay.
    """

    onnx: Path
    folder: Path
    input_layout: LayoutRule = "nhwc"
    output_layout: LayoutRule = "nhwc"
    input_dtype: InputType = "float32"
    normalization: tuple[Sequence[float], Sequence[float]] | None = None
    rewrites: tuple[str, ...] = ()
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
        answers: What the SavedModel computes for each sample, in ONNX order.
    """

    tflite: bytes
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    trace: dict[str, Any]
    rewrites: tuple[Applied, ...]
    op_histogram: dict[str, int]
    answers: list[list[NDArray[Any]]]


def build(request: Request, samples: Sequence[Sample]) -> Built:
    """Rewrite, emit, save, convert, and run the SavedModel on the samples.

    Raises:
        UnsupportedOp: Nodes cannot be converted; all of them are listed.
        DataError: The ONNX file cannot be read.
        UsageError: A rewrite is not known, or an input cannot take raw pixels.
    """
    import tensorflow as tf

    from . import savedmodel, tflite

    tf.config.threading.set_intra_op_parallelism_threads(1)  # the same sums on every run
    model, applied = rewritten(request)
    emission = emitted(request, model)
    savedmodel.write(emission, request.folder)
    file = tflite.convert(request.folder, emission, allow_flex=request.allow_flex)
    return Built(
        tflite=file.data,
        inputs=emission.inputs,
        outputs=emission.outputs,
        trace=trace_document(file.tensors, file.activations),
        rewrites=applied,
        op_histogram=op_histogram(file.data),
        answers=_answers(request.folder, emission, samples),
    )


def rewritten(request: Request) -> tuple[ir.Model, tuple[Applied, ...]]:
    """Load the model and apply the rewrites."""
    from .refusals import check_precision
    from .rewrites import REWRITES
    from .rewrites.camera import take_raw_pixels

    model = load(request.onnx)
    if request.input_dtype == "uint8":
        model = take_raw_pixels(model, request.normalization)
    result, applied = apply(model, REWRITES.chosen(request.rewrites))
    check_precision(result)
    return result, applied


def emitted(request: Request, model: ir.Model) -> Emission:
    """Emit a rewritten model as the request says."""
    from .emit import emit
    from .registry import built_in, with_operators

    return emit(
        model,
        input_layout=request.input_layout,
        output_layout=request.output_layout,
        input_dtype=request.input_dtype,
        table=with_operators(request.operators) if request.operators else built_in(),
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
    return {"schema": 1, "activations": activations, "tensors": entries}


def op_histogram(tflite: bytes) -> dict[str, int]:
    """Count the operators of a TFLite file by name; custom ones under their own names."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
    counts: Counter[str] = Counter()
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
            name = code.customCode.decode() if code.customCode else names[builtin]
            counts[name] += 1
    return dict(sorted(counts.items()))


def _answers(
    folder: Path, emission: Emission, samples: Sequence[Sample]
) -> list[list[NDArray[Any]]]:
    """Run the SavedModel as it lies on the disk."""
    import tensorflow as tf

    from .emit import SIGNATURE

    if not samples:
        return []
    function = tf.saved_model.load(str(folder)).signatures[SIGNATURE]
    answers = []
    for sample in samples:
        given = {
            emission.keys[info.name]: tf.constant(info.from_onnx_order(sample[info.name]))
            for info in emission.inputs
        }
        try:
            found = function(**given)
        except tf.errors.OpError as error:
            raise _cannot_run(error, emission) from error
        answers.append(
            [
                info.to_onnx_order(found[emission.keys[info.name]].numpy())
                for info in emission.outputs
            ]
        )
    return answers


def _cannot_run(error: Exception, emission: Emission) -> DecantError:
    """Name the node whose emitted op TensorFlow has no code for."""
    from .refusals import RUN_ADVICE, Problem, report

    message = str(error)
    scopes = re.findall(r"\{\{node (n\d+)/", message) or re.findall(r"\b(n\d+)/", message)
    lines = [line.strip() for line in message.splitlines()]
    told = [x for x in lines if x and not x.startswith(("[[", "Detected", "<", "Graph", "("))]
    reason = re.sub(r"\s*\[Op:\w+\]$", "", told[0]) if told else "no reason given"
    name, op = emission.nodes.get(scopes[0] if scopes else "", ("the model", "its SavedModel"))
    return report([Problem(name, op, f"TensorFlow cannot run it on a CPU ({reason})", RUN_ADVICE)])
