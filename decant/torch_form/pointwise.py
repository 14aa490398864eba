"""Operators that compute each element from the elements at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from decant.flatbuffer.graph import TENSOR_DTYPES

from .activation import activated
from .registry import kernel, option

if TYPE_CHECKING:
    from collections.abc import Callable

UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "ABS": torch.abs,
    "CEIL": torch.ceil,
    "COS": torch.cos,
    "ELU": functional.elu,
    "EXP": torch.exp,
    "FLOOR": torch.floor,
    "HARD_SWISH": functional.hardswish,
    "LOG": torch.log,
    "LOGICAL_NOT": torch.logical_not,
    "LOGISTIC": torch.sigmoid,
    "NEG": torch.neg,
    "RELU": functional.relu,
    "RELU6": functional.relu6,
    "RELU_0_TO_1": lambda x: x.clamp(0, 1),
    "RELU_N1_TO_1": lambda x: x.clamp(-1, 1),
    "ROUND": torch.round,
    "RSQRT": torch.rsqrt,
    "SIGN": torch.sign,
    "SIN": torch.sin,
    "SQRT": torch.sqrt,
    "SQUARE": torch.square,
    "TANH": torch.tanh,
    "ZEROS_LIKE": torch.zeros_like,
}
BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "ADD": torch.add,
    "ATAN2": torch.atan2,
    "EQUAL": torch.eq,
    "FLOOR_DIV": torch.floor_divide,
    "FLOOR_MOD": torch.remainder,
    "GREATER": torch.gt,
    "GREATER_EQUAL": torch.ge,
    "LESS": torch.lt,
    "LESS_EQUAL": torch.le,
    "LOGICAL_AND": torch.logical_and,
    "LOGICAL_OR": torch.logical_or,
    "MAXIMUM": torch.maximum,
    "MINIMUM": torch.minimum,
    "MUL": torch.mul,
    "NOT_EQUAL": torch.ne,
    "POW": torch.pow,
    "SQUARED_DIFFERENCE": lambda a, b: (a - b).square(),
    "SUB": torch.sub,
}
# What the schema's element types are in torch.
_TYPES = {code: torch.from_numpy(np.empty(0, dtype)).dtype for code, dtype in TENSOR_DTYPES.items()}


def _register(kind: str, function: Callable[..., Tensor]) -> None:
    @kernel(kind)
    def compute(options: Any, *values: Tensor) -> Tensor:
        return activated(options, function(*values))


for _kind, _unary in UNARY.items():
    _register(_kind, _unary)
for _kind, _binary in BINARY.items():
    _register(_kind, _binary)


@kernel("DIV")
def div(options: Any, a: Tensor, b: Tensor) -> Tensor:
    """Divide; integers towards zero."""
    whole = not a.is_floating_point()
    return activated(options, torch.div(a, b, rounding_mode="trunc" if whole else None))


@kernel("ADD_N")
def add_n(options: Any, *values: Tensor) -> Tensor:
    """Add tensors of one shape."""
    return torch.stack(values).sum(0)


@kernel("GELU")
def gelu(options: Any, x: Tensor) -> Tensor:
    """Compute GELU exactly, or by tanh where the option says so."""
    return functional.gelu(
        x, approximate="tanh" if option(options, "approximate", False) else "none"
    )


@kernel("LEAKY_RELU")
def leaky_relu(options: Any, x: Tensor) -> Tensor:
    """Scale what is negative by a constant."""
    return functional.leaky_relu(x, float(options.alpha))


@kernel("PRELU")
def prelu(options: Any, x: Tensor, slope: Tensor) -> Tensor:
    """Scale what is negative by a tensor that broadcasts."""
    return torch.where(x < 0, x * slope, x)


@kernel("SOFTMAX")
def softmax(options: Any, x: Tensor) -> Tensor:
    """Softmax along the last axis."""
    return (x * float(options.beta)).softmax(-1)


@kernel("LOG_SOFTMAX")
def log_softmax(options: Any, x: Tensor) -> Tensor:
    """Logarithm of the softmax along the last axis."""
    return x.log_softmax(-1)


@kernel("L2_NORMALIZATION")
def l2_normalization(options: Any, x: Tensor) -> Tensor:
    """Divide by the length along the last axis, which counts as 1e-6 at least."""
    length = x.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-6)
    return activated(options, x / length)


@kernel("SELECT")
def select(options: Any, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Take `a` where the condition holds and `b` elsewhere; one of one axis is about rows."""
    if condition.ndim == 1 and a.ndim > 1:
        condition = condition.reshape(-1, *[1] * (a.ndim - 1))
    return torch.where(condition, a, b)


@kernel("SELECT_V2")
def select_v2(options: Any, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Take `a` where the condition holds and `b` elsewhere; all three broadcast."""
    return torch.where(condition, a, b)


@kernel("CAST")
def cast(options: Any, x: Tensor) -> Tensor:
    """Change the element type; reals lose their fraction."""
    return x.to(_TYPES[options.outDataType])


@kernel("DEQUANTIZE")
def dequantize(parameters: Any, x: Tensor) -> Tensor:
    """Read integers as the reals that they stand for, and half floats as floats.

    Args:
        parameters: The schema's, of the integers: one scale and zero point.
        x: What is read.
    """
    if x.is_floating_point():
        return x.float()
    return (x.float() - int(parameters.zeroPoint[0])) * float(parameters.scale[0])
