"""Says how far one step of its integers may move an output of a quantized network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from decant.graph.edit import constant

if TYPE_CHECKING:
    import onnx_ir as ir

PASSING = frozenset({
    "AveragePool", "Clip", "Concat", "DequantizeLinear", "Flatten", "Gather", "Identity", "MaxPool",
    "Pad", "ReduceMax", "ReduceMean", "Relu", "Reshape", "Sigmoid", "Slice", "Softmax", "Split",
    "Squeeze", "Tanh", "Transpose", "Unsqueeze",
})  # fmt: skip
"""Operators whose result moves no further than their inputs do."""

SUMS = frozenset({"Add", "Sub"})
PRODUCTS = {"Conv": 0, "Gemm": None, "MatMul": 1}
"""Products with constants, and which axis of these the outputs are; of Gemm, transB says."""


def quanta(graph: ir.Graph) -> dict[str, float]:
    """Map outputs to the distance by which the nearest steps of integers before them move them.

    Steps that are summed up are taken for independent. An output behind operators of which this is
    not known, or without integers before it, is left out.

    Args:
        graph: A network in which all that is quantized is QuantizeLinear and DequantizeLinear.
    """
    moved: dict[ir.Value, float] = {}
    for node in graph:
        step = _step(node, moved)
        if step:
            moved.update(dict.fromkeys(node.outputs, step))
    return {str(value.name): moved[value] for value in graph.outputs if value in moved}


def _step(node: ir.Node, moved: dict[ir.Value, float]) -> float:
    given = [moved.get(value, 0.0) for value in node.inputs if value is not None]
    if node.op_type == "QuantizeLinear":
        scale = constant(node.inputs[1])
        return 0.0 if scale is None else float(scale.max())
    if not any(given):
        return 0.0
    if node.op_type in PASSING:
        return max(given)
    if node.op_type in SUMS:
        return float(np.linalg.norm(given))
    weights = constant(node.inputs[1]) if node.op_type in PRODUCTS else None
    if weights is None or weights.ndim < 2:
        return 0.0
    axis = PRODUCTS[node.op_type]
    if axis is None:
        axis = 0 if "transB" in node.attributes and node.attributes["transB"].as_int() else 1
    rows = np.moveaxis(weights, axis if axis < weights.ndim else -1, 0)
    return given[0] * float(np.linalg.norm(rows.reshape(len(rows), -1), axis=1).max())
