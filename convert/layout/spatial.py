"""Finds the values that a network treats as images or signals: those with channels at axis 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

SPATIAL = frozenset({
    "AveragePool", "BatchNormalization", "Conv", "ConvInteger", "ConvTranspose", "DeformConv",
    "DepthToSpace", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "GridSample",
    "GroupNormalization", "InstanceNormalization", "LRN", "LpPool", "MaxPool", "MaxUnpool", "PRelu",
    "QLinearConv", "Resize", "RoiAlign", "SpaceToDepth", "Upsample",
})  # fmt: skip
MOVING = frozenset({
    "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "MatMul", "Gemm", "Einsum",
    "Gather", "GatherND", "GatherElements", "Shape", "LayerNormalization",
})  # fmt: skip


def spatial_values(graph: ir.Graph) -> frozenset[ir.Value]:
    """Values of rank 3 to 5 that go into or come out of the spatial part.

    Such a value touches a spatial op, directly or through ops that keep every axis' meaning.
    """
    found: set[ir.Value] = set()
    nodes = list(graph)
    while True:
        before = len(found)
        for node in (*nodes, *reversed(nodes)):
            found.update(_touched(node, found))
        if len(found) == before:
            return frozenset(found)


def _touched(node: ir.Node, found: set[ir.Value]) -> list[ir.Value]:
    data = [v for v in node.inputs if v is not None and v.const_value is None]
    around = [v for v in (*data, *node.outputs) if _is_spatial_rank(v)]
    if node.op_type in SPATIAL:
        return [v for v in (*data[:1], *node.outputs) if _is_spatial_rank(v)]
    if node.op_type in MOVING:
        return []
    ranks = {_rank(v) for v in around if v in found}
    return [v for v in around if _rank(v) in ranks]


def _rank(value: ir.Value) -> int:
    return 0 if value.shape is None else len(value.shape)


def _is_spatial_rank(value: ir.Value) -> bool:
    return 3 <= _rank(value) <= 5
