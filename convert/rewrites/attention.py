"""Moves a number that multiplies attention logits, queries or keys into projection weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.graph.edit import (
    attribute,
    constant,
    forget_name,
    integers,
    produced_by,
    rank,
    replace,
    scalar,
)
from decant.graph.rewrite import Rewrites

from .linear import Linear, linear

if TYPE_CHECKING:
    import onnx_ir as ir
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    """For each element of a value, its position in the flattened output of a linear layer."""

RULES = Rewrites()

MAX_ELEMENTS = 1 << 24
MAX_STEPS = 16
SELECTING = ("Gather", "Slice", "Split")


@RULES.node("scale_into_projection", "Mul", "Div")
def scale_into_projection(node: ir.Node) -> bool:
    """Move a number through reshapes, transposes, splits and products into weights.

    Before: Mul(MatMul(Transpose(Reshape(MatMul(x, Wq) + bq)), keys), number)
            (also on queries or keys alone, and where one layer makes queries, keys and values)
    After:  MatMul(Transpose(Reshape(MatMul(x, Wq * number) + bq * number)), keys)
    """
    first, second = node.inputs
    value, number = first, scalar(second)
    if number is None and node.op_type == "Mul":
        value, number = second, scalar(first)
    if value is None or number is None or (node.op_type == "Div" and number == 0):
        return False
    if rank(value) != rank(node.outputs[0]):
        return False
    number = 1 / number if node.op_type == "Div" else number
    for path in _paths(value, [], node):
        if _scale(path, number):
            replace(node.outputs[0], value)
            return True
    return False


def _paths(value: ir.Value, above: list[ir.Value], reader: ir.Node) -> list[list[ir.Value]]:
    """List the ways from a value up to linear layers: [value, …, the layer's output]."""
    path = [*above, value]
    if value.is_graph_output() or len(path) > MAX_STEPS or not _read_apart(value, reader):
        return []
    if linear(value) is not None:
        return [path]
    node = value.producer()
    if produced_by(value, "MatMul") and node is not None:
        operands = [v for v in node.inputs if v is not None]
    elif produced_by(value, *_MOVES) and node is not None and node.inputs[0] is not None:
        operands = [node.inputs[0]]
    else:
        return []
    return [found for operand in operands for found in _paths(operand, path, node)]


def _read_apart(value: ir.Value, reader: ir.Node) -> bool:
    """Whether the other readers of a value take elements that `reader` does not."""
    others = [user for user in value.consumers() if user is not reader]
    if not others:
        return len(value.uses()) == 1
    shape = _shape(value, FREE_SIZES[0])
    if shape is None or math.prod(shape) > MAX_ELEMENTS:
        return False
    whole = np.arange(math.prod(shape)).reshape(shape)
    ours = _taken(reader, whole)
    theirs = [_taken(user, whole) for user in others]
    if ours is None or any(t is None for t in theirs):
        return False
    return all(np.intersect1d(ours, t).size == 0 for t in theirs if t is not None)


def _taken(node: ir.Node, whole: Indices) -> Indices | None:
    """Return the elements that a selecting node passes on."""
    if node.domain != "" or node.op_type not in ("Gather", "Slice"):
        return None
    return _MOVES[node.op_type](node, whole, node.outputs[0], FREE_SIZES[0])


def _scale(path: list[ir.Value], number: float) -> bool:
    """Scale the layer at the end of a path so that the path's first value is scaled."""
    layer = linear(path[-1])
    if layer is None:
        return False
    scale = _channel_scale(layer, path, number)
    x = layer.node.inputs[0]
    before = layer.output.producer()
    if scale is None or x is None or before is None:
        return False
    scaled = layer.rebuild(before, x, *layer.scaled(scale, None))
    replace(layer.output, scaled)
    for value in (scaled, *path[:-1]):
        forget_name(value)  # they hold scaled numbers now
    return True


def _channel_scale(layer: Linear, path: list[ir.Value], number: float) -> NDArray[Any] | None:
    """Return the factor per output of the layer; None if it would differ within one output."""
    products = [i for i, value in enumerate(path[:-1]) if produced_by(value, "MatMul")]
    split = products[-1] + 1 if products else 0
    if any(produced_by(value, *SELECTING) for value in path[:split]):
        return None  # what another reader takes of the product would be scaled too
    moves = path[split:]  # a product scales as a whole with its operand
    rows = [_factors(layer, moves, number, size) for size in FREE_SIZES]
    first = rows[0]
    same = all(row is not None and np.array_equal(row, first) for row in rows if first is not None)
    return first if same else None


def _factors(layer: Linear, moves: list[ir.Value], number: float, free: int) -> NDArray[Any] | None:
    """Follow the elements from layer to value with free sizes set to `free`."""
    shape = _shape(layer.output, free)
    if shape is None or math.prod(shape) > MAX_ELEMENTS:
        return None
    taken = np.arange(math.prod(shape)).reshape(shape)
    for value in reversed(moves[:-1]):
        node = value.producer()
        moved = None if node is None else _MOVES[node.op_type](node, taken, value, free)
        if moved is None:
            return None
        taken = moved
    factor = np.ones(math.prod(shape))
    factor[taken.ravel()] = number
    rows = np.moveaxis(factor.reshape(shape), layer.channel_axis, -1).reshape(-1, layer.outputs)
    return rows[0] if np.all(rows == rows[0]) else None


FREE_SIZES = (2, 3)
"""What a free size is taken to be while elements are followed; both must give one answer."""


def _shape(value: ir.Value, free: int) -> tuple[int, ...] | None:
    """Return a shape with its free sizes set to one number; None if that leaves no elements."""
    if value.shape is None or value.shape.has_unknown_dim():
        return None
    bound = value.shape.evaluate(dict.fromkeys(value.shape.free_symbols(), free))
    sizes = tuple(int(size) for size in bound.numpy()) if bound.is_static() else ()
    return sizes if bound.is_static() and min(sizes, default=1) > 0 else None


def _reshape(node: ir.Node, x: Indices, output: ir.Value, free: int) -> Indices | None:
    shape = _shape(output, free)
    return None if shape is None or math.prod(shape) != x.size else x.reshape(shape)


def _transpose(node: ir.Node, x: Indices, output: ir.Value, free: int) -> Indices | None:
    return x.transpose(attribute(node, "perm"))


def _gather(node: ir.Node, x: Indices, output: ir.Value, free: int) -> Indices | None:
    picked = constant(node.inputs[1])
    return None if picked is None else np.take(x, picked, axis=attribute(node, "axis"))


def _slice(node: ir.Node, x: Indices, output: ir.Value, free: int) -> Indices | None:
    given = [integers(value) for value in tuple(node.inputs)[1:]]
    if len(given) < 2 or any(g is None for g in given):
        return None
    starts, ends, *rest = [g for g in given if g is not None]
    over = rest[0] if rest else tuple(range(len(starts)))
    steps = rest[1] if len(rest) > 1 else (1,) * len(starts)
    selection = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, over, steps, strict=True):
        if step < 1:
            return None
        selection[axis] = slice(start, end, step)
    return x[tuple(selection)]


def _split(node: ir.Node, x: Indices, output: ir.Value, free: int) -> Indices | None:
    axis = attribute(node, "axis")
    shapes = [_shape(part, free) for part in node.outputs]
    ends = np.cumsum([shape[axis] for shape in shapes if shape is not None])
    if None in shapes or ends[-1] != x.shape[axis]:
        return None
    index = next(i for i, part in enumerate(node.outputs) if part is output)
    return np.split(x, ends[:-1], axis=axis)[index]


def _same(node: ir.Node, x: Indices, output: ir.Value, free: int) -> Indices | None:
    return x


_MOVES = {
    "Flatten": _reshape,
    "Gather": _gather,
    "Identity": _same,
    "Reshape": _reshape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _reshape,
    "Transpose": _transpose,
    "Unsqueeze": _reshape,
}
"""How operators that only move elements act on indices."""
