"""Merges and removes nodes that only move elements: transposes, reshapes, padding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.graph.edit import (
    attribute,
    axes,
    constant,
    integers,
    is_private,
    new_constant,
    new_node,
    produced_by,
    rank,
    replace,
    same_shape,
    static_shape,
)
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    import onnx_ir as ir

RULES = Rewrites()

RESHAPES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")


@RULES.node("transposes", "Transpose")
def transposes(node: ir.Node) -> bool:
    """Merge two transposes, and remove one that keeps the order.

    Before: Transpose(Transpose(x, first), second)
    After:  Transpose(x, first[second]), or x where that is the identity
    """
    order = _order(node)
    x = node.inputs[0]
    if order is None or x is None:
        return False
    inner = produced_by(x, "Transpose")
    before = None if inner is None else _order(inner)
    if inner is not None and before is not None and inner.inputs[0] is not None:
        order = tuple(before[axis] for axis in order)
        x = inner.inputs[0]
    elif order != tuple(range(len(order))):
        return False
    if order != tuple(range(len(order))):
        x = new_node(node, "Transpose", [x], {"perm": order})
    replace(node.outputs[0], x)
    return True


def _order(node: ir.Node) -> tuple[int, ...] | None:
    given = attribute(node, "perm")
    whole = rank(node.inputs[0])
    if given is None:
        return None if whole is None else tuple(range(whole))[::-1]
    return tuple(given)


@RULES.node("reshapes", *RESHAPES)
def reshapes(node: ir.Node) -> bool:
    """Merge two reshapes of any kind, and remove a pair that restores the shape.

    Before: Reshape | Flatten | Squeeze | Unsqueeze (Reshape | … (x))
    After:  Reshape(x, the last shape), or x where that is its own shape
    """
    inner = produced_by(node.inputs[0], *RESHAPES)
    output = node.outputs[0]
    x = None if inner is None else inner.inputs[0]
    if inner is None or x is None:
        return False
    if same_shape(x, output):
        replace(output, x)
        return True
    target = _target(output)
    if target is None or node.graph is None:
        return False
    graph: Any = node.graph
    shape = new_constant(graph, np.array(target, np.int64), f"{node.name}/shape")
    replace(output, new_node(node, "Reshape", [x, shape], {}))
    return True


def _target(value: ir.Value) -> list[int] | None:
    """Write a shape as a Reshape target; at most one size may be free, and none zero."""
    if value.shape is None:
        return None
    sizes = [size if isinstance(size, int) else -1 for size in value.shape]
    return sizes if sizes.count(-1) <= 1 and 0 not in sizes else None


@RULES.node("mean_keeps_axes", "Reshape", "Unsqueeze")
def mean_keeps_axes(node: ir.Node) -> bool:
    """Let a reduction keep its axes where a reshape puts them back (squeeze-and-excite).

    Before: Reshape(ReduceMean(x, [2, 3], keepdims=0), [N, C, 1, 1])
    After:  ReduceMean(x, [2, 3], keepdims=1)
    """
    inner = produced_by(node.inputs[0], "ReduceMean", "ReduceMax", "ReduceSum", "ReduceMin")
    if inner is None or attribute(inner, "keepdims") or inner.inputs[0] is None:
        return False
    over, shape = axes(inner), inner.inputs[0].shape
    output = node.outputs[0]
    if over is None or shape is None or output.shape is None:
        return False
    kept = [1 if i in over else size for i, size in enumerate(shape)]
    if kept != list(output.shape) or not is_private(inner.outputs[0]):
        return False
    attributes = {name: attr.value for name, attr in inner.attributes.items()}
    attributes["keepdims"] = 1
    new = new_node(node, inner.op_type, tuple(inner.inputs), attributes, like=output)
    replace(output, new)
    return True


@RULES.node("whole_pool", "AveragePool", "MaxPool", "GlobalMaxPool", "GlobalAveragePool")
def whole_pool(node: ir.Node) -> bool:
    """Write a pool over the whole image as a reduction that keeps its axes.

    Before: AveragePool(x, kernel_shape=[H, W]) | GlobalAveragePool(x)
    After:  ReduceMean(x, [2, 3], keepdims=1)
    """
    x = node.inputs[0]
    whole = rank(x)
    if x is None or whole is None or whole < 3 or any(v.uses() for v in node.outputs[1:]):
        return False
    if not node.op_type.startswith("Global") and not _covers_all(node, x):
        return False
    graph: Any = node.graph
    op_type = "ReduceMean" if "Average" in node.op_type else "ReduceMax"
    over = new_constant(graph, np.arange(2, whole), f"{node.name}/axes")
    new = new_node(node, op_type, [x, over], {"keepdims": 1})
    replace(node.outputs[0], new)
    return True


def _covers_all(node: ir.Node, x: ir.Value) -> bool:
    """Whether the one window of a pool is the whole image, without padding."""
    kernel = attribute(node, "kernel_shape")
    sizes = list(x.shape[2:]) if x.shape is not None else []
    one = list(node.outputs[0].shape or ())[2:] == [1] * len(kernel)
    padded = any(attribute(node, "pads") or ()) or attribute(node, "auto_pad") != "NOTSET"
    dilated = "dilations" in node.attributes and any(d != 1 for d in attribute(node, "dilations"))
    return list(kernel) == sizes and one and not padded and not dilated


@RULES.node("pad_into_layer", "Conv", "MaxPool", "AveragePool")
def pad_into_layer(node: ir.Node) -> bool:
    """Move explicit padding into the convolution or pool that reads it.

    Before: Conv(Pad(x, [0, 0, t, l, 0, 0, b, r], 0), W, pads=p)
    After:  Conv(x, W, pads=p + [t, l, b, r])
            (MaxPool: only padding with -inf; AveragePool: only one that counts its padding)
    """
    padded = node.inputs[0]
    pad = produced_by(padded, "Pad")
    added = None if pad is None else _spatial_pads(pad, _FILL[node.op_type])
    if pad is None or added is None or padded is None or attribute(node, "auto_pad") != "NOTSET":
        return False
    if len(node.outputs) > 1 or not _pool_allows(node, added):
        return False
    own = attribute(node, "pads") or [0] * len(added)
    attributes = {name: attr.value for name, attr in node.attributes.items()}
    attributes["pads"] = [a + b for a, b in zip(own, added, strict=True)]
    if node.op_type == "AveragePool":
        attributes["count_include_pad"] = 1
    inputs = [pad.inputs[0], *tuple(node.inputs)[1:]]
    new = new_node(node, node.op_type, inputs, attributes)
    replace(node.outputs[0], new)
    return True


_FILL = {"Conv": 0.0, "AveragePool": 0.0, "MaxPool": -np.inf}


def _spatial_pads(pad: ir.Node, fill: float) -> list[int] | None:
    """Return [begin…, end…] over the spatial axes of a constant, growing padding with `fill`."""
    pads = integers(pad.inputs[1])
    whole = rank(pad.inputs[0])
    value = pad.inputs[2] if len(pad.inputs) > 2 else None
    filled = 0.0 if value is None else constant(value)
    if attribute(pad, "mode") != "constant" or pads is None or whole is None or filled is None:
        return None
    if len(pad.inputs) > 3 and pad.inputs[3] is not None:
        return None
    begins, ends = pads[:whole], pads[whole:]
    if len(pads) != 2 * whole or any(n < 0 for n in pads) or np.any(filled != fill):
        return None
    if any(begins[:2]) or any(ends[:2]):
        return None
    return [*begins[2:], *ends[2:]]


def _pool_allows(node: ir.Node, added: list[int]) -> bool:
    """A pool's padding must stay smaller than its window, and an average must count it."""
    if node.op_type == "Conv":
        return True
    if attribute(node, "ceil_mode"):
        return False
    kernel = list(attribute(node, "kernel_shape")) * 2
    own = attribute(node, "pads") or [0] * len(added)
    small = all(a + b < k for a, b, k in zip(own, added, kernel, strict=True))
    counted = node.op_type == "MaxPool" or not any(own) or attribute(node, "count_include_pad")
    return small and bool(counted)


@RULES.node("empty_reduction", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
def empty_reduction(node: ir.Node) -> bool:
    """Remove a reduction over axes of size 1.

    Before: ReduceMean(x: [N, C, 1, 1], [2, 3], keepdims=1)
    After:  x
    """
    x, output = node.inputs[0], node.outputs[0]
    if x is None or static_shape(x) is None or not same_shape(x, output):
        return False
    if not attribute(node, "keepdims"):
        return False
    replace(output, x)
    return True
