"""Gathers the scale and shift of a normalisation from the operations behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.graph.edit import (
    attribute,
    both_ways,
    constant,
    is_private,
    new_constant,
    new_node,
    produced_by,
    rank,
    replace,
    static_shape,
)
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    import onnx_ir as ir
    from numpy.typing import NDArray

RULES = Rewrites()


@RULES.node("normalization_scale", "Mul")
def normalization_scale(node: ir.Node) -> bool:
    """Take a constant factor into the normalisation before it.

    Before: Mul(LayerNormalization(x, scale, shift), factor)
    After:  LayerNormalization(x, scale * factor, shift * factor)
    """
    found = _parameters(node)
    if found is None:
        return False
    norm, factor = found
    scale, shift = _scale_shift(norm)
    if scale is None or (_shift_input(norm) is not None and shift is None):
        return False
    return _with_parameters(node, norm, scale * factor, None if shift is None else shift * factor)


@RULES.node("normalization_shift", "Add", "Sub")
def normalization_shift(node: ir.Node) -> bool:
    """Take a constant summand into the normalisation before it.

    Before: Add(LayerNormalization(x, scale, shift), summand)
    After:  LayerNormalization(x, scale, shift + summand)
    """
    found = _parameters(node)
    if found is None or found[0].op_type == "RMSNormalization":
        return False
    norm, summand = found
    scale, shift = _scale_shift(norm)
    if scale is None or (_shift_input(norm) is not None and shift is None):
        return False
    if node.op_type == "Sub":
        if norm.outputs[0] is not node.inputs[0]:
            return False
        summand = -summand
    return _with_parameters(node, norm, scale, summand if shift is None else shift + summand)


NORMS = (
    "LayerNormalization",
    "RMSNormalization",
    "InstanceNormalization",
    "GroupNormalization",
)


def _parameters(node: ir.Node) -> tuple[ir.Node, NDArray[Any]] | None:
    """Find (norm, constant) in an operation on both, the constant in the norm's own shape."""
    for value, other in both_ways(node):
        norm = produced_by(value, *NORMS)
        array = constant(other)
        if norm is None or array is None or not is_private(value) or len(norm.outputs) > 1:
            continue
        fitted = _fit(norm, array)
        if fitted is not None and rank(node.outputs[0]) == rank(value):
            return norm, fitted
    return None


def _fit(norm: ir.Node, array: NDArray[Any]) -> NDArray[Any] | None:
    """Bring a broadcast constant to the shape of the norm's scale, if it varies only there."""
    whole = rank(norm.outputs[0])
    target = static_shape(norm.inputs[1])
    if whole is None or target is None or array.ndim > whole:
        return None
    padded = array.reshape((1,) * (whole - array.ndim) + array.shape)
    if norm.op_type in ("LayerNormalization", "RMSNormalization"):
        first = attribute(norm, "axis") % whole
        if any(n != 1 for n in padded.shape[:first]) or len(target) != whole - first:
            return None
        tail = padded.shape[first:]
    else:
        if any(n != 1 for i, n in enumerate(padded.shape) if i != 1):
            return None
        tail = padded.shape[1:2]
    if any(n not in (1, size) for n, size in zip(tail, target, strict=True)):
        return None
    return np.broadcast_to(padded.reshape(tail), target)


def _shift_input(norm: ir.Node) -> ir.Value | None:
    return norm.inputs[2] if len(norm.inputs) > 2 else None


def _scale_shift(norm: ir.Node) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    return constant(norm.inputs[1]), constant(_shift_input(norm))


def _with_parameters(
    node: ir.Node, norm: ir.Node, scale: NDArray[Any], shift: NDArray[Any] | None
) -> bool:
    """Replace `node` by the norm with other parameters."""
    graph: Any = node.graph
    dtype = norm.inputs[0].dtype.numpy()  # type: ignore[union-attr]
    inputs = [norm.inputs[0], new_constant(graph, scale.astype(dtype), f"{norm.name}/scale")]
    if shift is not None:
        inputs.append(new_constant(graph, shift.astype(dtype), f"{norm.name}/shift"))
    attributes = {name: attr.value for name, attr in norm.attributes.items()}
    new = new_node(node, norm.op_type, inputs, attributes, like=node.outputs[0])
    new.producer().version = norm.version  # type: ignore[union-attr]
    replace(node.outputs[0], new)
    return True
