"""Moves constant scales and shifts into the weights of the linear layer before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.graph.edit import attribute, constant, is_private, rank, replace
from decant.graph.rewrite import Rewrites

from .linear import Linear, along, linear

if TYPE_CHECKING:
    import onnx_ir as ir
    from numpy.typing import NDArray

    Array = NDArray[Any]

RULES = Rewrites()


@RULES.node("batch_normalization", "BatchNormalization")
def batch_normalization(node: ir.Node) -> bool:
    """Fold batch normalisation into the layer before it.

    Before: BatchNormalization(Conv | ConvTranspose | Gemm(x, W, b), gamma, beta, mean, var)
    After:  Conv(x, W * s, b * s + t) with s = gamma / sqrt(var + eps), t = beta - mean * s
    """
    layer = linear(node.inputs[0])
    line = batch_norm_line(node)
    if layer is None or line is None or layer.channel_axis != 1 or not is_private(layer.output):
        return False
    if line[0].size != layer.outputs:
        return False
    return _absorb(node, layer, *line)


def batch_norm_line(node: ir.Node) -> tuple[Array, Array] | None:
    """Return (s, t) of an inference-mode batch normalisation y = s * x + t, in float64."""
    training = "training_mode" in node.attributes and attribute(node, "training_mode")
    if training or sum(bool(v.uses()) or v.is_graph_output() for v in node.outputs[1:]):
        return None
    arrays = [constant(value) for value in node.inputs[1:5]]
    if any(array is None for array in arrays):
        return None
    gamma, beta, mean, var = (a.astype(np.float64) for a in arrays if a is not None)
    scale = gamma / np.sqrt(var + attribute(node, "epsilon"))
    return scale, beta - mean * scale


@RULES.node("scale_into_layer", "Mul", "Div")
def scale_into_layer(node: ir.Node) -> bool:
    """Fold a constant factor per channel into the layer before it.

    Before: Mul(Conv | ConvTranspose | Gemm | MatMul(x, W, b), s), s constant along the channels
    After:  Conv(x, W * s, b * s)
    """
    for value, other in _operands(node):
        layer = linear(value)
        factor = None if layer is None else _vector(node, layer, other)
        if layer is None or factor is None or not is_private(layer.output):
            continue
        if node.op_type == "Div":
            if value is not node.inputs[0] or np.any(factor == 0):
                continue
            factor = 1.0 / factor
        return _absorb(node, layer, factor, None)
    return False


@RULES.node("shift_into_layer", "Add", "Sub")
def shift_into_layer(node: ir.Node) -> bool:
    """Fold a constant summand per channel into the layer before it.

    Before: Add(Conv | ConvTranspose | Gemm(x, W, b), t), t constant along the channels
    After:  Conv(x, W, b + t)
    """
    for value, other in _operands(node):
        layer = linear(value)
        # MatMul has no bias of its own: its Add is where the bias belongs, unless there are two.
        if layer is None or (layer.node.op_type == "MatMul" and layer.bias is None):
            continue
        summand = _vector(node, layer, other)
        if summand is None or not is_private(layer.output):
            continue
        if node.op_type == "Sub":
            if value is not node.inputs[0]:
                continue
            summand = -summand
        return _absorb(node, layer, np.ones_like(summand), summand)
    return False


def _operands(node: ir.Node) -> list[tuple[ir.Value | None, ir.Value | None]]:
    first, second = node.inputs
    return [(first, second), (second, first)]


def _vector(node: ir.Node, layer: Linear, other: ir.Value | None) -> Array | None:
    if rank(node.outputs[0]) != rank(layer.output):
        return None
    return along(other, layer.outputs, layer.channel_axis, rank(layer.output))


def _absorb(node: ir.Node, layer: Linear, scale: Array, shift: Array | None) -> bool:
    """Put the layer with changed weights in the place of `node`, which read its output."""
    x = layer.node.inputs[0]
    assert x is not None
    weight, bias = layer.scaled(scale, shift)
    replace(node.outputs[0], layer.rebuild(node, x, weight, bias))
    return True
