"""Leaves repetition to operators that repeat their operands by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.graph.edit import produced_by, prune
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    from collections.abc import Sequence

    import onnx_ir as ir

RULES = Rewrites()

BROADCASTING = (
    "Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Min",
    "Mod", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor",
)  # fmt: skip


@RULES.node("expansion_before_arithmetic", *BROADCASTING)
def expansion_before_arithmetic(node: ir.Node) -> bool:
    """Drop an expansion to a size that another operand has anyway.

    Before: Mul(Expand(x: [2, 1, 4], [2, 3, 4]), y: [2, 3, 4])
    After:  Mul(x, y)
    """
    for index, operand in enumerate(node.inputs):
        expansion = produced_by(operand, "Expand")
        x = None if expansion is None else expansion.inputs[0]
        others = [value for i, value in enumerate(node.inputs) if i != index]
        if expansion is not None and x is not None and _covered(x, operand, others):
            node.replace_input_with(index, x)
            prune(expansion)
            return True
    return False


def _covered(x: ir.Value, wide: ir.Value | None, others: Sequence[ir.Value | None]) -> bool:
    """Whether every axis that was expanded has its size in one of the other operands."""
    if wide is None or x.shape is None or wide.shape is None:
        return False
    shapes = [value.shape for value in others if value is not None and value.shape is not None]
    for place in range(1, len(wide.shape) + 1):
        if place <= len(x.shape) and x.shape[-place] == wide.shape[-place]:
            continue
        sizes = [shape[-place] for shape in shapes if place <= len(shape)]
        if wide.shape[-place] not in sizes:
            return False
    return True
