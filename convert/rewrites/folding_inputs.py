"""Moves constant scales and shifts into the weights of the linear layers behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.graph.edit import attribute, constant, new_constant, new_node, rank, replace
from decant.graph.rewrite import Rewrites

from .folding import batch_norm_line
from .linear import Linear, along, reader

if TYPE_CHECKING:
    import onnx_ir as ir
    from numpy.typing import NDArray

    Array = NDArray[Any]

RULES = Rewrites()


@RULES.node("batch_normalization_before", "BatchNormalization")
def batch_normalization_before(node: ir.Node) -> bool:
    """Fold batch normalisation into the unpadded layers behind it.

    Before: Conv(BatchNormalization(x), W, b) without padding, for every reader
    After:  Conv(x, W * s, b + sum(W * t)), s and t over the input channels
    """
    line = batch_norm_line(node)
    layers = _readers(node.outputs[0])
    x = node.inputs[0]
    if line is None or x is None or not layers or not all(ly.takes_shift for ly in layers):
        return False
    if any(ly.inputs != line[0].size or _data_axis(ly) != 1 for ly in layers):
        return False
    for layer in layers:
        _feed(layer, x, *line)
    return True


@RULES.node("scale_before_layer", "Mul", "Div")
def scale_before_layer(node: ir.Node) -> bool:
    """Fold a constant factor per input channel into the layers behind it, padded or not.

    Before: Conv | ConvTranspose | Gemm | MatMul(Mul(x, s), W, b), for every reader
    After:  Conv(x, W * s, b)
    """
    found = _constant_operand(node)
    if found is None or (node.op_type == "Div" and found[0] is not node.inputs[0]):
        return False
    x, layers, factor = found
    if node.op_type == "Div":
        if np.any(factor == 0):
            return False
        factor = 1.0 / factor
    for layer in layers:
        _feed(layer, x, factor, None)
    return True


@RULES.node("shift_before_layer", "Add", "Sub")
def shift_before_layer(node: ir.Node) -> bool:
    """Fold a constant summand per input channel into the unpadded layers behind it.

    Before: Conv(Add(x, t), W, b) without padding | MatMul | Gemm, for every reader
    After:  Conv(x, W, b + sum(W * t))
    """
    found = _constant_operand(node)
    if found is None or (node.op_type == "Sub" and found[0] is not node.inputs[0]):
        return False
    x, layers, summand = found
    if not all(layer.takes_shift for layer in layers):
        return False
    if node.op_type == "Sub":
        summand = -summand
    for layer in layers:
        _feed(layer, x, np.ones_like(summand), summand)
    return True


@RULES.node("normalization_into_layers", "LayerNormalization", "RMSNormalization")
def normalization_into_layers(node: ir.Node) -> bool:
    """Move a normalisation's scale and shift into all the linear layers that follow it.

    Before: MatMul(LayerNormalization(x, g, b), W) + c, for every reader
    After:  MatMul(LayerNormalization(x, 1), g[:, None] * W) + (b @ W + c)
    """
    parameters = _last_axis_parameters(node)
    layers = _readers(node.outputs[0])
    if parameters is None or not layers or any(_data_axis(ly) is not None for ly in layers):
        return False
    plain = _plain(node)
    for layer in layers:
        _feed(layer, plain, *parameters)
    return True


def _readers(value: ir.Value) -> list[Linear]:
    """Read all the layers that take a value; none if anything else reads it."""
    if value.is_graph_output():
        return []
    layers = [reader(user, value) for user in value.consumers()]
    return [] if None in layers else [layer for layer in layers if layer is not None]


def _data_axis(layer: Linear) -> int | None:
    """Axis of x along which the layer's inputs lie; None for the last one."""
    return 1 if layer.node.op_type in ("Conv", "ConvTranspose") else None


def _constant_operand(node: ir.Node) -> tuple[ir.Value, list[Linear], Array] | None:
    """Return x, the layers behind, and the constant as a vector over their inputs."""
    layers = _readers(node.outputs[0])
    if not layers or len({(_data_axis(layer), layer.inputs) for layer in layers}) > 1:
        return None
    first, second = node.inputs
    for x, other in ((first, second), (second, first)):
        whole = rank(x)
        if x is None or x.shape is None or whole is None or whole != rank(node.outputs[0]):
            continue
        axis = _data_axis(layers[0])
        axis = whole - 1 if axis is None else axis
        vector = along(other, layers[0].inputs, axis, whole)
        if vector is not None and x.shape[axis] == layers[0].inputs:
            return x, layers, vector
    return None


def _feed(layer: Linear, x: ir.Value, scale: Array, shift: Array | None) -> None:
    """Replace a layer by one on x that does the scaling and shifting itself."""
    before = layer.output.producer()
    assert before is not None
    replace(layer.output, layer.rebuild(before, x, *layer.from_scaled(scale, shift)))


def _last_axis_parameters(node: ir.Node) -> tuple[Array, Array | None] | None:
    """Return scale and shift where they lie along the last axis and do anything."""
    whole = rank(node.inputs[0])
    scale = constant(node.inputs[1])
    given = node.inputs[2] if len(node.inputs) > 2 else None
    shift = constant(given)
    if whole is None or scale is None or scale.ndim != 1 or len(node.outputs) > 1:
        return None
    if attribute(node, "axis") % whole != whole - 1 or (given is not None and shift is None):
        return None
    if np.all(scale == 1) and (shift is None or np.all(shift == 0)):
        return None
    return scale.astype(np.float64), None if shift is None else shift.astype(np.float64)


def _plain(node: ir.Node) -> ir.Value:
    """Insert the normalisation without scale and shift beside the node."""
    x, scale = node.inputs[:2]
    array = constant(scale)
    assert x is not None
    assert scale is not None
    assert array is not None
    graph: Any = node.graph
    ones = new_constant(graph, np.ones_like(array), f"{scale.name}/ones")
    attributes = {name: attr.value for name, attr in node.attributes.items()}
    plain = new_node(node, node.op_type, [x, ones], attributes)
    plain.producer().version = node.version  # type: ignore[union-attr]
    return plain
