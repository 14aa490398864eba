"""Grids: the scale and zero point that a set of int8 activations shares, learned or fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .rounding import fake_quantized, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

Range = tuple[float, float]
LEAST_SPAN = 1e-9
"""The library's own: no scale is zero."""


class Grid(nn.Module):
    """Scale and zero point of activations, from a range that is learned.

    The ends are learned as factors, so that one learning rate suits ranges of any width, and an end
    at zero, where a ReLU cuts, stays there.

    Attributes:
        names: Of the float file's tensors whose range this is.
        bits: Of its integers.
    """

    def __init__(self, span: Range, names: Sequence[str], *, bits: int, symmetric: bool) -> None:
        super().__init__()
        self.names, self.bits, self.symmetric = tuple(names), bits, symmetric
        self.register_buffer("start", torch.tensor(span, dtype=torch.float32))
        self.growth = nn.Parameter(torch.zeros(2))
        self.start: Tensor

    @property
    def ends(self) -> Tensor:
        """[2] low and high."""
        return self.start * self.growth.exp()

    def parameters_now(self) -> tuple[Tensor, Tensor]:
        """Give scale and zero point as the library computes them of the range."""
        low, high = self.ends
        most = 2 ** (self.bits - 1) - 1
        if self.symmetric:
            reach = torch.maximum(low.abs(), high.abs()).clamp(min=LEAST_SPAN)
            return reach / most, torch.zeros(())
        low, high = low.clamp(max=0.0), high.clamp(min=0.0)
        scale = (high - low).clamp(min=LEAST_SPAN) / (2 * most + 1)
        return scale, rounded(-most - 1 - low / scale)

    def forward(self, x: Tensor) -> Tensor:
        """Round activations to the grid."""
        scale, zero_point = self.parameters_now()
        return fake_quantized(
            x, scale, zero_point, (-(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1)
        )


class FixedGrid(nn.Module):
    """Scale and zero point that an operator brings, such as a LOGISTIC's 1/256."""

    def __init__(self, scale: float, zero_point: int, *, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))
        self.register_buffer("zero_point", torch.tensor(float(zero_point)))
        self.scale: Tensor
        self.zero_point: Tensor

    def parameters_now(self) -> tuple[Tensor, Tensor]:
        """Give scale and zero point."""
        return self.scale, self.zero_point

    def forward(self, x: Tensor) -> Tensor:
        """Round activations to the grid."""
        return fake_quantized(
            x, self.scale, self.zero_point, (-(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1)
        )
