"""Removes nodes that change nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from decant.graph.edit import (
    attribute,
    constant,
    integers,
    new_node,
    produced_by,
    rank,
    replace,
    same_shape,
    static_shape,
)
from decant.graph.rewrite import Rewrites

from .clips import clip_limits
from .linear import is_number

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx_ir as ir

RULES = Rewrites()


@RULES.node("identity", "Identity")
def identity(node: ir.Node) -> bool:
    """Remove an Identity.

    Before: Relu(Identity(x))
    After:  Relu(x)
    """
    return _pass_through(node)


@RULES.node("dropout", "Dropout")
def dropout(node: ir.Node) -> bool:
    """Remove a Dropout, which does nothing in inference.

    Before: Relu(Dropout(x))
    After:  Relu(x)
    """
    training = node.inputs[2] if len(node.inputs) > 2 else None
    if training is not None and not is_number(training, 0):
        return False
    return not _second_is_read(node) and _pass_through(node)


@RULES.node("cast", "Cast")
def cast(node: ir.Node) -> bool:
    """Remove a cast to the type a value already has.

    Before: Cast(x: float32, to=float32)
    After:  x
    """
    x = node.inputs[0]
    if x is None or x.dtype is None or x.dtype != attribute(node, "to"):
        return False
    return _pass_through(node)


@RULES.node("casts", "Cast")
def casts(node: ir.Node) -> bool:
    """Cast once where the type between holds every value exactly.

    Before: Cast(Cast(x: float16, to=float32), to=int32)
    After:  Cast(x, to=int32)
    """
    inner = produced_by(node.inputs[0], "Cast")
    x, between = (None, None) if inner is None else (inner.inputs[0], inner.outputs[0].dtype)
    if x is None or x.dtype is None or between is None:
        return False
    if not np.can_cast(x.dtype.numpy(), between.numpy(), "safe"):
        return False
    attributes = {name: attr.value for name, attr in node.attributes.items()}
    replace(node.outputs[0], new_node(node, "Cast", [x], attributes))
    return True


@RULES.node("neutral_operand", "Add", "Sub", "Mul", "Div", "Pow")
def neutral_operand(node: ir.Node) -> bool:
    """Remove arithmetic with a neutral operand.

    Before: Add(x, 0) | Sub(x, 0) | Mul(x, 1) | Div(x, 1) | Pow(x, 1), with x's own shape
    After:  x
    """
    neutral = 0.0 if node.op_type in ("Add", "Sub") else 1.0
    first, second = node.inputs
    if is_number(second, neutral):
        return _pass_through(node)
    if node.op_type in ("Add", "Mul") and is_number(first, neutral):
        return _pass_through(node, second)
    return False


@RULES.node("single_operand", "Concat", "Sum", "Mean", "Max", "Min", "Split")
def single_operand(node: ir.Node) -> bool:
    """Remove a Concat, Sum, Mean, Max, Min or Split of one tensor.

    Before: Concat(x)
    After:  x
    """
    alone = len(node.outputs) == 1 if node.op_type == "Split" else len(node.inputs) == 1
    return alone and _pass_through(node)


@RULES.node("whole_selection", "Slice", "Expand", "Pad", "Tile", "Reshape", "Resize")
def whole_selection(node: ir.Node) -> bool:
    """Remove a slice, expansion, padding, tiling, reshape or resize that keeps everything.

    Before: Slice(x, 0, size) | Expand(x, shape of x) | Pad(x, zeros) | Tile(x, ones) | …
    After:  x
    """
    x = node.inputs[0]
    if x is None or not same_shape(x, node.outputs[0]):
        return False
    return _KEEPS[node.op_type](node) and _pass_through(node)


def _slice_keeps(node: ir.Node) -> bool:
    """A slice of the whole size keeps all unless it runs backwards."""
    steps = integers(node.inputs[4]) if len(node.inputs) > 4 and node.inputs[4] else (1,)
    return steps is not None and all(step > 0 for step in steps)


def _pad_keeps(node: ir.Node) -> bool:
    pads = integers(node.inputs[1])
    return pads is not None and not any(pads)


def _resize_keeps(node: ir.Node) -> bool:
    """At equal sizes every coordinate rule but cropping maps each pixel onto itself."""
    cropping = attribute(node, "coordinate_transformation_mode") == "tf_crop_and_resize"
    scales = constant(node.inputs[2]) if len(node.inputs) > 2 else None
    whole = scales is None or scales.size == 0 or bool(np.all(scales == 1))
    static = static_shape(node.inputs[0]) is not None
    return not cropping and whole and static


_KEEPS: dict[str, Callable[[ir.Node], bool]] = {
    "Expand": lambda node: True,
    "Pad": _pad_keeps,
    "Reshape": lambda node: True,
    "Resize": _resize_keeps,
    "Slice": _slice_keeps,
    "Tile": lambda node: is_number(node.inputs[1], 1),
}


@RULES.node("trivial_pool", "MaxPool", "AveragePool", "LpPool")
def trivial_pool(node: ir.Node) -> bool:
    """Remove a pool over single pixels.

    Before: MaxPool(x, kernel_shape=[1, 1], strides=[1, 1])
    After:  x
    """
    ones = all(k == 1 for k in attribute(node, "kernel_shape"))
    unmoved = all(s == 1 for s in attribute(node, "strides") or ())
    unpadded = not any(attribute(node, "pads") or ())
    if not (ones and unmoved and unpadded) or _second_is_read(node) or node.op_type == "LpPool":
        return False
    return _pass_through(node)


@RULES.node("boundless_clip", "Clip")
def boundless_clip(node: ir.Node) -> bool:
    """Remove a Clip without limits.

    Before: Clip(x)
    After:  x
    """
    return clip_limits(node) == (-math.inf, math.inf) and _pass_through(node)


def _second_is_read(node: ir.Node) -> bool:
    return any(v.uses() or v.is_graph_output() for v in node.outputs[1:])


def _pass_through(node: ir.Node, x: ir.Value | None = None) -> bool:
    """Let a node's input stand for its output, unless shape or type would change.

    An Identity that carries an output's name from an input, a constant or another output stays.
    """
    x = node.inputs[0] if x is None else x
    output = node.outputs[0]
    if x is None or (x.dtype is not None and output.dtype is not None and x.dtype != output.dtype):
        return False
    if rank(x) != rank(output) or (not same_shape(x, output) and node.op_type in _ARITHMETIC):
        return False
    pinned = x.is_graph_input() or x.is_graph_output() or x.is_initializer()
    if node.op_type == "Identity" and output.is_graph_output() and pinned:
        return False
    replace(output, x)
    return True


_ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Pow", "Sum", "Mean", "Max", "Min")
