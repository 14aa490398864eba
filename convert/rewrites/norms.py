"""Recognises normalisations from their parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.graph.edit import (
    attribute,
    axes,
    both_ways,
    constant,
    integers,
    new_constant,
    new_node,
    produced_by,
    region,
    replace,
    same_shape,
    scalar,
)
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    import onnx_ir as ir

RULES = Rewrites()


@dataclass(frozen=True, slots=True)
class Normalisation:
    """x, with or without its mean, over the root of its mean square.

    Attributes:
        x: What is normalised.
        axes: Over which axes, counted from the front.
        epsilon: Added under the root.
        centred: Whether the mean is subtracted.
    """

    x: ir.Value
    axes: tuple[int, ...]
    epsilon: float
    centred: bool


@RULES.node("normalization", "Div", "Mul")
def normalization(node: ir.Node) -> bool:
    """Recognise layer, RMS and instance normalisation.

    Before: d = Sub(x, ReduceMean(x)); Div(d, Sqrt(Add(ReduceMean(Mul(d, d)), eps)))
            (also Pow(d, 2), times Reciprocal, Pow(…, -0.5); without Sub for RMS)
    After:  LayerNormalization(x, 1) | RMSNormalization(x, 1) over trailing axes,
            InstanceNormalization(x, 1, 0) over all axes behind the channel axis
    """
    root = node.outputs[0]
    found = _match(node)
    shape = None if found is None else found.x.shape
    if found is None or shape is None or not same_shape(found.x, root):
        return False
    if region(root, (found.x,)) is None:
        return False
    whole = len(shape)
    sizes = [shape[axis] for axis in found.axes]
    if found.axes != tuple(range(whole - len(sizes), whole)) or not _known(sizes):
        return False
    # Over the one last axis of three, rows of tokens are likelier than 1-D channels.
    spatial = whole > 3 and found.axes == tuple(range(2, whole)) and isinstance(shape[1], int)
    if found.centred and spatial:
        inputs = _unit(node, (shape[1],), found.x, shift=True)
        attributes: dict[str, Any] = {"epsilon": found.epsilon}
        new = new_node(node, "InstanceNormalization", inputs, attributes, like=root)
    else:
        op_type = "LayerNormalization" if found.centred else "RMSNormalization"
        attributes = {"axis": found.axes[0] - whole, "epsilon": found.epsilon}
        new = new_node(node, op_type, _unit(node, sizes, found.x), attributes, like=root)
    replace(root, new)
    return True


def _known(sizes: list[Any]) -> bool:
    return bool(sizes) and all(isinstance(size, int) for size in sizes)


def _unit(node: ir.Node, shape: Any, x: ir.Value, *, shift: bool = False) -> list[ir.Value]:
    """Give x with a scale of ones and, where the operator wants one, a shift of zeros."""
    assert x.dtype is not None
    dtype = x.dtype.numpy()
    graph: Any = node.graph
    inputs = [x, new_constant(graph, np.ones(shape, dtype), f"{node.name}/scale")]
    if shift:
        inputs.append(new_constant(graph, np.zeros(shape, dtype), f"{node.name}/shift"))
    return inputs


def _match(node: ir.Node) -> Normalisation | None:
    """Read a node as value / sqrt(mean(value²) + epsilon)."""
    for value, root in _quotient(node):
        total = produced_by(root, "Add")
        for variance, number in () if total is None else both_ways(total):
            epsilon = scalar(number)
            mean = produced_by(variance, "ReduceMean")
            over = None if mean is None else axes(mean)
            if epsilon is None or mean is None or over is None or not attribute(mean, "keepdims"):
                continue
            if _square_of(mean.inputs[0], value):
                centre = _centred_over(value, over)
                return Normalisation(centre or value, over, epsilon, centre is not None)
    return None


def _quotient(node: ir.Node) -> list[tuple[ir.Value, ir.Value]]:
    """Offer (value, radicand) where the node is value / sqrt(radicand)."""
    if node.op_type == "Div":
        below = _under_root(node.inputs[1])
        value = node.inputs[0]
        return [] if below is None or value is None else [(value, below)]
    pairs = ((value, _inverse_root(factor)) for value, factor in both_ways(node))
    return [(value, below) for value, below in pairs if below is not None]


def _under_root(value: ir.Value | None) -> ir.Value | None:
    node = produced_by(value, "Sqrt", "Pow")
    if node is None or (node.op_type == "Pow" and scalar(node.inputs[1]) != 0.5):
        return None
    return node.inputs[0]


def _inverse_root(value: ir.Value | None) -> ir.Value | None:
    node = produced_by(value, "Reciprocal", "Div", "Pow")
    if node is None:
        return None
    if node.op_type == "Pow":
        return node.inputs[0] if scalar(node.inputs[1]) == -0.5 else None
    if node.op_type == "Div":
        return _under_root(node.inputs[1]) if scalar(node.inputs[0]) == 1.0 else None
    return _under_root(node.inputs[0])


def _square_of(value: ir.Value | None, base: ir.Value) -> bool:
    node = produced_by(value, "Mul", "Pow")
    if node is None:
        return False
    if node.op_type == "Pow":
        return _same(node.inputs[0], base) and scalar(node.inputs[1]) == 2.0
    return all(_same(operand, base) for operand in node.inputs)


def _same(value: ir.Value | None, other: ir.Value) -> bool:
    """Whether two values are one, or the same difference computed twice."""
    if value is other:
        return True
    first, second = produced_by(value, "Sub"), produced_by(other, "Sub")
    if first is None or second is None:
        return False
    return first.inputs[0] is second.inputs[0] and first.inputs[1] is second.inputs[1]


def _centred_over(value: ir.Value, over: tuple[int, ...]) -> ir.Value | None:
    """Return x when value is x minus its mean over these axes."""
    difference = produced_by(value, "Sub")
    mean = None if difference is None else produced_by(difference.inputs[1], "ReduceMean")
    if difference is None or mean is None or mean.inputs[0] is not difference.inputs[0]:
        return None
    kept = attribute(mean, "keepdims") and axes(mean) == over
    return difference.inputs[0] if kept else None


@RULES.node("group_normalization", "Reshape")
def group_normalization(node: ir.Node) -> bool:
    """Recognise group normalisation from instance normalisation over groups.

    Before: Reshape(InstanceNormalization(Reshape(x, [N, G, -1]), 1, 0), shape of x)
    After:  GroupNormalization(x, 1, 0, num_groups=G)
    """
    root = node.outputs[0]
    inner = produced_by(node.inputs[0], "InstanceNormalization")
    split = None if inner is None else produced_by(inner.inputs[0], "Reshape")
    x = None if split is None else split.inputs[0]
    if inner is None or split is None or x is None or x.shape is None or x.shape != root.shape:
        return False
    grouped = split.outputs[0].shape
    channels = x.shape[1] if len(x.shape) > 2 else None
    if grouped is None or len(grouped) != 3 or not isinstance(channels, int):
        return False
    groups = grouped[1]
    plain = _constant_is(inner.inputs[1], 1.0) and _constant_is(inner.inputs[2], 0.0)
    keeps_batch = grouped[0] == x.shape[0] or _copies_batch(split)
    if not isinstance(groups, int) or channels % groups or not plain or not keeps_batch:
        return False
    if region(root, (x,)) is None:
        return False
    attributes = {"num_groups": groups, "epsilon": attribute(inner, "epsilon")}
    inputs = _unit(node, (channels,), x, shift=True)
    replace(root, new_node(node, "GroupNormalization", inputs, attributes, like=root))
    return True


def _copies_batch(reshape: ir.Node) -> bool:
    target = integers(reshape.inputs[1])
    return bool(target) and target is not None and target[0] == 0


def _constant_is(value: ir.Value | None, number: float) -> bool:
    array = constant(value)
    return array is not None and bool(np.all(array == number))
