"""What other operators do with their result at once, which the schema calls fused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert.schema_py_generated import ActivationFunctionType as Fused

from .step import NoForm

if TYPE_CHECKING:
    from .step import Step
    from .writer import Writer

BOUNDS = {Fused.RELU6: (0.0, 6.0), Fused.RELU_N1_TO_1: (-1.0, 1.0)}


def activated(writer: Writer, step: Step, value: str) -> str:
    """Apply an operator's fused activation to a value.

    Raises:
        NoForm: It is none that networks have.
    """
    code = getattr(step.options, "fusedActivationFunction", Fused.NONE)
    if code == Fused.NONE:
        return value
    if code == Fused.RELU:
        return writer.node("Relu", [value], value)
    if code == Fused.TANH:
        return writer.node("Tanh", [value], value)
    if code in BOUNDS:
        return clipped(writer, value, *BOUNDS[code])
    raise NoForm(f"its fused activation is number {code} of the schema")


def clipped(writer: Writer, value: str, low: float, high: float) -> str:
    """Bound a value."""
    bounds = [writer.constant(np.asarray(end, np.float32)) for end in (low, high)]
    return writer.node("Clip", [value, *bounds], value)
