"""Gathers limits: minimum, maximum, ReLU and clips in a row become one Clip or ReLU."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from decant.graph.edit import (
    constant,
    is_private,
    new_constant,
    new_node,
    produced_by,
    rank,
    replace,
    scalar,
)
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    Limits = tuple[float, float]

RULES = Rewrites()

LIMITING = ("Clip", "Relu", "Max", "Min")


@RULES.node("clips", *LIMITING)
def clips(node: ir.Node) -> bool:
    """Merge two limits in a row, and write a lower limit of zero as ReLU.

    Before: Min(Max(x, 0), 6) | Clip(Relu(x), max=6) | Max(x, 0) | Clip(x, min=0)
    After:  Clip(x, 0, 6)     | Clip(x, 0, 6)        | Relu(x)   | Relu(x)
    """
    outer = _limited(node)
    if outer is None:
        return False
    x, limits = outer
    inner_node = produced_by(x, *LIMITING)
    inner = None if inner_node is None or not is_private(x) else _limited(inner_node)
    if inner is not None:
        x, limits = inner[0], _compose(inner[1], limits)
    elif limits != (0.0, math.inf) or node.op_type == "Relu":
        return False
    replace(node.outputs[0], _limit(node, x, limits))
    return True


def clip_limits(node: ir.Node) -> Limits | None:
    """Return the constant limits of a Clip, infinite where there is none."""
    limits = [-math.inf, math.inf]
    for i, name in enumerate(("min", "max")):
        given = node.inputs[i + 1] if len(node.inputs) > i + 1 else None
        if given is not None:
            number = scalar(given)
            if number is None:
                return None
            limits[i] = number
        elif name in node.attributes:
            limits[i] = float(node.attributes[name].value)
    return limits[0], limits[1]


def _limited(node: ir.Node) -> tuple[ir.Value, Limits] | None:
    """Read a node as min(max(x, low), high) with low <= high over floats."""
    x = node.inputs[0]
    limits: Limits | None = (0.0, math.inf)
    if node.op_type == "Clip":
        limits = clip_limits(node)
    elif node.op_type in ("Max", "Min"):
        x, limits = _one_sided(node)
    if x is None or limits is None or limits[0] > limits[1]:
        return None
    if x.dtype is None or not x.dtype.is_floating_point():
        return None
    return x, limits


def _one_sided(node: ir.Node) -> tuple[ir.Value | None, Limits | None]:
    """Read Max or Min of a tensor and a number that does not widen it."""
    if len(node.inputs) != 2:
        return None, None
    for x, other in (tuple(node.inputs), tuple(node.inputs)[::-1]):
        number, array = scalar(other), constant(other)
        if number is None or array is None or array.ndim > (rank(x) or 0):
            continue
        return x, (number, math.inf) if node.op_type == "Max" else (-math.inf, number)
    return None, None


def _compose(first: Limits, second: Limits) -> Limits:
    """Limits of applying the first pair, then the second."""
    low, high = second
    return min(max(first[0], low), high), min(max(first[1], low), high)


def _limit(node: ir.Node, x: ir.Value, limits: Limits) -> ir.Value:
    if limits == (0.0, math.inf):
        return new_node(node, "Relu", [x])
    assert x.dtype is not None
    dtype = x.dtype.numpy()
    graph: Any = node.graph
    numbers = [
        new_constant(graph, np.array(limit, dtype), f"{node.name}/{name}")
        if math.isfinite(limit)
        else None
        for limit, name in zip(limits, ("min", "max"), strict=True)
    ]
    return new_node(node, "Clip", [x, *numbers])
