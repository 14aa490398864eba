"""Operators that compute every value from those at the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import helper

from .activations import activated, clipped
from .quanta import quanta_of
from .registry import lowers
from .step import NoForm, Step

if TYPE_CHECKING:
    from .writer import Order, Writer

UNARY = {
    "ABS": "Abs",
    "CEIL": "Ceil",
    "COS": "Cos",
    "ELU": "Elu",
    "EXP": "Exp",
    "FLOOR": "Floor",
    "HARD_SWISH": "HardSwish",
    "LOG": "Log",
    "LOGICAL_NOT": "Not",
    "LOGISTIC": "Sigmoid",
    "NEG": "Neg",
    "RELU": "Relu",
    "ROUND": "Round",
    "SIGN": "Sign",
    "SIN": "Sin",
    "SQRT": "Sqrt",
    "TANH": "Tanh",
}
CLIPS = {"RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}
BINARY = {
    "ADD": "Add",
    "DIV": "Div",
    "EQUAL": "Equal",
    "GREATER": "Greater",
    "GREATER_EQUAL": "GreaterOrEqual",
    "LESS": "Less",
    "LESS_EQUAL": "LessOrEqual",
    "LOGICAL_AND": "And",
    "LOGICAL_OR": "Or",
    "MAXIMUM": "Max",
    "MINIMUM": "Min",
    "MUL": "Mul",
    "POW": "Pow",
    "PRELU": "PRelu",
    "SELECT_V2": "Where",
    "SUB": "Sub",
}


@lowers(*UNARY)
def unary(writer: Writer, step: Step) -> None:
    """Write what ONNX has under another name."""
    _through(writer, step, UNARY[step.kind])


@lowers(*CLIPS)
def clip(writer: Writer, step: Step) -> None:
    """Write a bound on both sides."""
    order = writer.order(step.x)
    writer.write(step.y, clipped(writer, writer.read(step.x, order), *CLIPS[step.kind]), order)


@lowers("GELU")
def gelu(writer: Writer, step: Step) -> None:
    """Write GELU, exact or by tanh."""
    _through(writer, step, "Gelu", approximate="tanh" if step.options.approximate else "none")


@lowers("LEAKY_RELU")
def leaky_relu(writer: Writer, step: Step) -> None:
    """Write a ReLU with a slope below zero."""
    _through(writer, step, "LeakyRelu", alpha=step.options.alpha)


@lowers("CAST")
def cast(writer: Writer, step: Step) -> None:
    """Write a change of type."""
    _through(writer, step, "Cast", to=helper.np_dtype_to_tensor_dtype(writer.graph.dtype(step.y)))


@lowers("RSQRT")
def reciprocal_root(writer: Writer, step: Step) -> None:
    """Write 1 / √x."""
    order, name = writer.order(step.x), writer.name(step.y)
    root = writer.node("Sqrt", [writer.read(step.x, order)], name)
    writer.write(step.y, writer.node("Reciprocal", [root], name), order)


@lowers("SQUARE")
def square(writer: Writer, step: Step) -> None:
    """Write x · x."""
    order = writer.order(step.x)
    value = writer.read(step.x, order)
    writer.write(step.y, writer.node("Mul", [value, value], writer.name(step.y)), order)


@lowers("QUANTIZE")
def quantize(writer: Writer, step: Step) -> None:
    """Round to the result's integers; what is written is still what they stand for."""
    order = writer.order(step.x)
    writer.write(step.y, writer.read(step.x, order), order)


@lowers("DEQUANTIZE")
def dequantize(writer: Writer, step: Step) -> None:
    """Leave integers: they are read as what they stand for everywhere."""
    if writer.is_constant(step.x):
        writer.keep_stored(step.y, step.x)
        return
    order = writer.order(step.x)
    writer.alias(step.y, writer.read(step.x, order), order)


@lowers(*BINARY)
def binary(writer: Writer, step: Step) -> None:
    """Write an operator of tensors that broadcast as NumPy's do."""
    order, values = aligned(writer, step)
    value = writer.node(BINARY[step.kind], values, writer.name(step.y))
    writer.write(step.y, activated(writer, step, value), order)


@lowers("SQUARED_DIFFERENCE")
def squared_difference(writer: Writer, step: Step) -> None:
    """Write (a - b)²."""
    order, values = aligned(writer, step)
    name = writer.name(step.y)
    difference = writer.node("Sub", values, name)
    writer.write(step.y, writer.node("Mul", [difference, difference], name), order)


@lowers("FLOOR_DIV")
def floor_division(writer: Writer, step: Step) -> None:
    """Write ⌊a / b⌋ of floats."""
    _floats_only(writer, step)
    order, values = aligned(writer, step)
    name = writer.name(step.y)
    writer.write(step.y, writer.node("Floor", [writer.node("Div", values, name)], name), order)


def aligned(writer: Writer, step: Step) -> tuple[Order, list[str]]:
    """Give the inputs of a pointwise operator with their axes in one order, and that order.

    It is the order of the largest computed input. One of fewer axes keeps the file's order, which
    broadcasting goes by.
    """
    rank = writer.rank(step.y)
    computed = [tensor for tensor in step.inputs if not writer.is_constant(tensor)]
    full = [tensor for tensor in computed if writer.rank(tensor) == rank]
    order = writer.identity(step.y)
    if full and len(full) == len(computed):
        largest = max(full, key=lambda tensor: np.prod(np.abs(writer.shape(tensor))))
        order = writer.order(largest)
    return order, [_operand(writer, tensor, order) for tensor in step.inputs]


def _operand(writer: Writer, tensor: int, order: Order) -> str:
    rank = writer.rank(tensor)
    if rank == len(order):
        return writer.read(tensor, order)
    if order == tuple(range(len(order))) or rank == 0:
        return writer.read(tensor)
    return _widened(writer, tensor, order)


def _widened(writer: Writer, tensor: int, order: Order) -> str:
    """Store a constant of fewer axes as one of as many, in another order."""
    missing = len(order) - writer.rank(tensor)
    shape = (*(1 for _ in range(missing)), *writer.shape(tensor))
    quanta = quanta_of(writer.graph, tensor)
    if quanta is not None and quanta.per_channel:
        raise NoForm(f"its constant {writer.name(tensor)!r} has a scale per channel")
    kept = tuple(axis - missing for axis in order if axis >= missing)
    return writer.operand(tensor, kept, [shape[axis] for axis in order])


def _through(writer: Writer, step: Step, kind: str, **attributes: Any) -> None:
    order = writer.order(step.x)
    value = writer.node(kind, [writer.read(step.x, order)], writer.name(step.y), **attributes)
    writer.write(step.y, value, order)


def _floats_only(writer: Writer, step: Step) -> None:
    if any(writer.graph.dtype(tensor).kind != "f" for tensor in step.inputs):
        raise NoForm("it computes integers")
