"""Ops that ONNX's reference (onnx 1.23) loops over in Python or gets wrong, done another way.

NumPy and SciPy compute them, or, for ops that copy or average few elements, ONNX Runtime: where
this takes no doubles, its result is rounded once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx.reference.op_run import OpRun
from onnx.reference.ops.op_conv import Conv as ReferenceConv
from onnx.reference.ops.op_dequantize_linear import DequantizeLinear_25
from onnx.reference.ops.op_gru import GRU as ReferenceGRU
from onnx.reference.ops.op_lstm import LSTM as ReferenceLSTM
from onnx.reference.ops.op_rnn import RNN_14 as ReferenceRNN
from scipy import special

from decant.errors import DataError, UnsupportedOp
from decant.onnx_runtime import OnnxRuntime

from .recurrent import DynamicQuantizeLSTM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

FUNCTIONS = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}
"""What a recurrent layer's gates are put through in one direction, where it does not say."""


class Conv(ReferenceConv):
    """A convolution that adds up tap by tap; the reference copies every window."""

    def _run(self, *inputs: Array, **attributes: Any) -> tuple[Array]:
        if attributes.get("auto_pad", "NOTSET") != "NOTSET":
            result: tuple[Array] = super()._run(*inputs, **attributes)  # type: ignore[no-untyped-call]
            return result
        x, w, b = (*inputs, None, None)[:3]
        if x is None or w is None:
            raise AssertionError("a convolution has two inputs")
        ones, group = [1] * (x.ndim - 2), attributes["group"]
        steps, dilations = attributes["strides"] or ones, attributes["dilations"] or ones
        ends = np.reshape(attributes["pads"] or [0] * 2 * len(ones), (2, -1)).T
        padded = np.pad(x, [(0, 0), (0, 0), *ends])
        spans = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], dilations, strict=True)]
        sizes = [
            (size - span) // step + 1
            for size, span, step in zip(padded.shape[2:], spans, steps, strict=True)
        ]
        kernel = w.reshape(group, -1, *w.shape[1:])
        y = np.zeros((len(x), group, kernel.shape[1], math.prod(sizes)), x.dtype)
        for tap in np.ndindex(*w.shape[2:]):
            starts = [i * d for i, d in zip(tap, dilations, strict=True)]
            where = [
                slice(start, start + (size - 1) * step + 1, step)
                for start, size, step in zip(starts, sizes, steps, strict=True)
            ]
            seen = padded[(slice(None), slice(None), *where)]
            rows = kernel[(..., *tap)]
            columns = seen.reshape(len(x), group, -1, y.shape[-1])
            y += rows * columns if rows.shape[-1] == 1 else rows @ columns
        y = y.reshape(len(x), len(w), *sizes)
        return (y if b is None else y + b.reshape(-1, *ones),)


class BatchNormalization(OpRun):
    """A normalisation by given statistics; before opset 14 the reference takes the input's own."""

    def _run(self, *inputs: Array, **attributes: Any) -> tuple[Array, ...]:
        if attributes.get("training_mode"):
            return in_runtime(self, inputs)
        x, scale, bias, mean, variance = (
            array if array.ndim > 1 else array.reshape(-1, *[1] * (inputs[0].ndim - 2))
            for array in inputs
        )
        return ((x - mean) * (scale / np.sqrt(variance + attributes["epsilon"])) + bias,)


class LSTM(ReferenceLSTM):
    """A recurrent layer, of which the reference knows the plain form."""

    def _run(self, *inputs: Array | None, **attributes: Any) -> tuple[Array, ...]:
        return _recurrent(self, super()._run, inputs, attributes)


class GRU(ReferenceGRU):
    """A recurrent layer, of which the reference knows the plain form."""

    def _run(self, *inputs: Array | None, **attributes: Any) -> tuple[Array, ...]:
        return _recurrent(self, super()._run, inputs, attributes)


class RNN(ReferenceRNN):
    """A recurrent layer, of which the reference knows the plain form."""

    def _run(self, *inputs: Array | None, **attributes: Any) -> tuple[Array, ...]:
        return _recurrent(self, super()._run, inputs, attributes)


def _recurrent(
    node: OpRun,
    reference: Callable[..., tuple[Array, ...]],
    inputs: Sequence[Array | None],
    attributes: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Run a layer; the reference passes over lengths, and attributes that are not the default."""
    lengths = inputs[4] if len(inputs) > 4 else None
    if lengths is not None or not _is_plain(node.onnx_node):
        return in_runtime(node, inputs)
    return reference(*inputs, **attributes)


def _is_plain(node: onnx.NodeProto) -> bool:
    """Whether what a layer states of its functions and limits is what it has unstated, too."""
    stated = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    functions = [name.decode().lower() for name in stated.get("activations", ())]
    usual = FUNCTIONS[node.op_type]
    plain = not functions or functions in (usual, usual * 2)
    return plain and "clip" not in stated and not stated.get("input_forget")


class Sigmoid(OpRun):
    """The logistic function by SciPy; the reference calls Python for each element."""

    def _run(self, x: Array) -> tuple[Array]:
        return (np.asarray(special.expit(x)),)


class Erf(OpRun):
    """The error function by SciPy; the reference calls Python for each element."""

    def _run(self, x: Array) -> tuple[Array]:
        return (np.asarray(special.erf(x)),)


class Gelu(OpRun):
    """x times the normal distribution up to x, by SciPy, or its approximation by tanh."""

    def _run(self, x: Array, approximate: str = "none") -> tuple[Array]:
        if approximate == "tanh":
            inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
            return ((0.5 * x * (1 + np.tanh(inner))).astype(x.dtype),)
        return ((x * special.ndtr(x)).astype(x.dtype),)


class InRuntime(OpRun):
    """A node in ONNX Runtime."""

    def _run(self, *inputs: Array | None, **_: Any) -> tuple[Array, ...]:
        return in_runtime(self, inputs)


def in_runtime(node: OpRun, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Run a node in ONNX Runtime, in double precision where it has a kernel for that."""
    try:
        return _runtime_results(node, inputs)
    except (DataError, UnsupportedOp):
        if not any(x is not None and x.dtype == np.float64 for x in inputs):
            raise
    narrow = [None if x is None else _narrowed(x) for x in inputs]
    return tuple(_widened(y) for y in _runtime_results(node, narrow))


def _runtime_results(node: OpRun, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    proto = onnx.NodeProto()
    proto.CopyFrom(node.onnx_node)
    given = {f"x{i}": x for i, x in enumerate(inputs) if x is not None}
    outputs = [f"y{i}" if name else "" for i, name in enumerate(proto.output)]
    del proto.input[:], proto.output[:]
    proto.input.extend(f"x{i}" if x is not None else "" for i, x in enumerate(inputs))
    proto.output.extend(outputs)
    graph = onnx.helper.make_graph(
        [proto],
        "node",
        [typed(name, array) for name, array in given.items()],
        [onnx.ValueInfoProto(name=name) for name in outputs if name],
    )
    opsets = [onnx.helper.make_opsetid(*each) for each in node.run_params["opsets"].items()]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)
    found = OnnxRuntime(model.SerializeToString(), optimize=False).run(given)
    return tuple(found[name] if name else np.empty(0) for name in outputs)


class DequantizeLinear(DequantizeLinear_25):
    """What integers stand for; the reference has it from opset 19 on."""


class AveragePool(InRuntime):
    """The mean of windows."""


class LpPool(InRuntime):
    """The norm of windows."""


class Hardmax(InRuntime):
    """Whether an element is the first largest; the reference forgets how axes were joined once."""


class LogSoftmax(InRuntime):
    """Logarithms of shares; the reference forgets how axes were joined before opset 13."""


class Softmax(InRuntime):
    """Shares; the reference forgets how axes were joined before opset 13."""


class LpNormalization(InRuntime):
    """Shares of a norm; the reference forgets the signs of p = 1."""


class LRN(InRuntime):
    """Shares of what neighbouring channels hold; the reference looks at the first few."""


class RoiAlign(InRuntime):
    """Cuts of a picture; the reference has half a pixel in any opset."""


class MaxPool(InRuntime):
    """The maximum of windows."""


class Resize(InRuntime):
    """Interpolation between neighbours."""


class Upsample(InRuntime):
    """Interpolation between neighbours, as it was called before."""


OWN = (
    *(
        AveragePool,
        BatchNormalization,
        Conv,
        DequantizeLinear,
        DynamicQuantizeLSTM,
        Erf,
        GRU,
        Gelu,
        Hardmax,
        LRN,
        LSTM,
        LogSoftmax,
    ),
    *(LpNormalization, LpPool, MaxPool, RNN, Resize, RoiAlign, Sigmoid, Softmax, Upsample),
)


def typed(name: str, array: Array) -> onnx.ValueInfoProto:
    """Describe an input that takes an array, of any sizes."""
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, [None] * array.ndim)


def _narrowed(array: Array) -> Array:
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _widened(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype == np.float32 else array
