"""The activation that an operator applies to its own result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from ai_edge_litert import schema_py_generated as schema
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

FUSED = schema.ActivationFunctionType

_FUNCTIONS: dict[int, Callable[[Tensor], Tensor]] = {
    FUSED.NONE: lambda x: x,
    FUSED.RELU: functional.relu,
    FUSED.RELU6: functional.relu6,
    FUSED.RELU_N1_TO_1: lambda x: x.clamp(-1, 1),
    FUSED.TANH: torch.tanh,
}


def fused(options: Any) -> int:
    """Give which activation an operator's options name."""
    return int(getattr(options, "fusedActivationFunction", FUSED.NONE))


def activated(options: Any, x: Tensor) -> Tensor:
    """Apply `options.fusedActivationFunction`; nothing where there are no options."""
    return _FUNCTIONS[fused(options)](x)
