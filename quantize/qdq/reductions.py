"""Operators that compute along an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper

from .quanta import between_integers
from .registry import lowers
from .step import NoForm, Step
from .writer import CHANNELS_FIRST

if TYPE_CHECKING:
    from .writer import Writer

REDUCTIONS = {
    "MEAN": "ReduceMean",
    "REDUCE_MAX": "ReduceMax",
    "REDUCE_MIN": "ReduceMin",
    "REDUCE_PROD": "ReduceProd",
    "SUM": "ReduceSum",
}
PLACES = {"ARG_MAX": "ArgMax", "ARG_MIN": "ArgMin"}


@lowers(*REDUCTIONS)
def reduction(writer: Writer, step: Step) -> None:
    """Write one value for all along some axes; the mean of an image as pooling, which is int8."""
    order, kept = writer.order(step.x), bool(step.options.keepDims)
    axes = {int(axis) % len(order) for axis in writer.known(step.inputs[1], "axes").ravel()}
    value, name = writer.read(step.x, order), writer.name(step.y)
    if (step.kind, order, axes, kept) == ("MEAN", CHANNELS_FIRST, {1, 2}, True):
        writer.write(step.y, writer.node("GlobalAveragePool", [value], name), order)
        return
    along = writer.integers(sorted(order.index(axis) for axis in axes))
    value = writer.node(REDUCTIONS[step.kind], [value, along], name, keepdims=int(kept))
    if not kept:
        left = [axis for axis in range(len(order)) if axis not in axes]
        order = tuple(left.index(axis) for axis in order if axis not in axes)
    writer.write(step.y, value, order)


@lowers("SOFTMAX")
def softmax(writer: Writer, step: Step) -> None:
    """Write probabilities along the last axis."""
    order, name = writer.order(step.x), writer.name(step.y)
    value = writer.read(step.x, order)
    if step.options.beta != 1:
        factor = writer.constant(np.asarray(step.options.beta, np.float32))
        value = writer.node("Mul", [value, factor], name)
    axis = order.index(len(order) - 1)
    give = _softmax_in_parts if between_integers(writer.graph, step.x, step.y) else _softmax
    writer.write(step.y, give(writer, value, axis, name), order)


def _softmax(writer: Writer, value: str, axis: int, name: str) -> str:
    return writer.node("Softmax", [value], name, axis=axis)


def _softmax_in_parts(writer: Writer, value: str, axis: int, name: str) -> str:
    """Write exp(x - max x) / ∑ exp(x - max x).

    ONNX Runtime (1.31) makes a QLinearSoftmax of a Softmax between two scales, whose integers
    overflow where all values are small: off by the whole range with scales of 1/256 and 1/1300.
    """
    along = writer.integers([axis])
    highest = writer.node("ReduceMax", [value, along], name, keepdims=1)
    powers = writer.node("Exp", [writer.node("Sub", [value, highest], name)], name)
    total = writer.node("ReduceSum", [powers, along], name, keepdims=1)
    return writer.node("Div", [powers, total], name)


@lowers("LOG_SOFTMAX")
def log_softmax(writer: Writer, step: Step) -> None:
    """Write the logarithms of probabilities along the last axis."""
    order = writer.order(step.x)
    axis = order.index(len(order) - 1)
    value = writer.node("LogSoftmax", [writer.read(step.x, order)], writer.name(step.y), axis=axis)
    writer.write(step.y, value, order)


@lowers("L2_NORMALIZATION")
def l2_normalization(writer: Writer, step: Step) -> None:
    """Write vectors along the last axis as ones of length 1."""
    order = writer.order(step.x)
    axis = order.index(len(order) - 1)
    x, name = writer.read(step.x, order), writer.name(step.y)
    writer.write(step.y, writer.node("LpNormalization", [x], name, axis=axis, p=2), order)


@lowers(*PLACES)
def place(writer: Writer, step: Step) -> None:
    """Write where along an axis the largest or smallest value lies."""
    axis = int(writer.known(step.inputs[1], "axis").ravel()[0]) % writer.rank(step.x)
    name = writer.name(step.y)
    found = writer.node(PLACES[step.kind], [writer.read(step.x)], name, axis=axis, keepdims=0)
    to = helper.np_dtype_to_tensor_dtype(writer.graph.dtype(step.y))
    writer.write(step.y, writer.node("Cast", [found], name, to=to))


@lowers("TOPK_V2")
def largest(writer: Writer, step: Step) -> None:
    """Write the largest values along the last axis, and where they lie."""
    count = writer.integers(writer.known(step.inputs[1], "number").ravel().tolist())
    names = [writer.name(tensor) for tensor in step.outputs]
    values, places = writer.several("TopK", [writer.read(step.x), count], names, axis=-1)
    writer.write(step.outputs[0], values)
    narrow = writer.node("Cast", [places], names[1], to=TensorProto.INT32)
    writer.write(step.outputs[1], narrow)


@lowers("CUMSUM")
def running_sum(writer: Writer, step: Step) -> None:
    """Write the sum of all values up to each along an axis."""
    axis = writer.known(step.inputs[1], "axis").reshape(())
    if writer.graph.dtype(step.x).kind != "f":
        raise NoForm("it sums integers")
    value = writer.node(
        "CumSum",
        [writer.read(step.x), writer.constant(axis)],
        writer.name(step.y),
        exclusive=int(step.options.exclusive),
        reverse=int(step.options.reverse),
    )
    writer.write(step.y, value)
