"""How an integer file rounds each of its constants, as rules that training can follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from .rounding import rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Scaled = Callable[[int], tuple[Tensor, Tensor]]
    """Gives the scale and zero point of a tensor of the file as they are now."""

LEAST_BOUND = 1e-9
"""The library's own: no scale is zero."""
INT32 = 2.0**31 - 1


class Rule(Protocol):
    """How a constant is rounded."""

    def scale(self, value: Tensor, scaled: Scaled) -> tuple[Tensor, Tensor]:
        """Give scale and zero point of a value, broadcastable to it."""

    def round(self, value: Tensor, scaled: Scaled) -> Tensor:
        """Give the reals that the file's integers stand for."""


@dataclass(frozen=True, slots=True)
class Symmetric:
    """Weights around zero with the largest of them at ±127, per index of an axis or for all.

    Attributes:
        axis: Along which each index has a scale of its own, or None.
        bits: Of the integers.
    """

    axis: int | None
    bits: int = 8

    def scale(self, value: Tensor, scaled: Scaled) -> tuple[Tensor, Tensor]:
        """Give the scales, [1, …, channels, …, 1]; without gradient."""
        others = [each for each in range(value.ndim) if each != self.axis]
        with torch.no_grad():
            reach = value.abs().amax(others, keepdim=True) if others else value.abs()
            return reach.clamp(min=LEAST_BOUND) / self.most, torch.zeros(())

    @property
    def most(self) -> int:
        """Largest integer; the least one is its negative."""
        return int(2 ** (self.bits - 1) - 1)

    def round(self, value: Tensor, scaled: Scaled) -> Tensor:
        """Round the weights."""
        scale, _ = self.scale(value, scaled)
        return rounded(value / scale).clamp(-self.most, self.most) * scale


@dataclass(frozen=True, slots=True)
class Asymmetric:
    """A constant operand that spans its own values, zero among them."""

    def scale(self, value: Tensor, scaled: Scaled) -> tuple[Tensor, Tensor]:
        """Give scale and zero point, without gradient."""
        with torch.no_grad():
            low, high = value.amin().clamp(max=0.0), value.amax().clamp(min=0.0)
            scale = (high - low).clamp(min=LEAST_BOUND) / 255.0
            return scale, (-128.0 - low / scale).round()

    def round(self, value: Tensor, scaled: Scaled) -> Tensor:
        """Round the values."""
        scale, zero_point = self.scale(value, scaled)
        return _on_grid(value, scale, zero_point)


@dataclass(frozen=True, slots=True)
class OnGrid:
    """A constant joined with activations, on their grid.

    Attributes:
        tensor: One of these activations.
    """

    tensor: int

    def scale(self, value: Tensor, scaled: Scaled) -> tuple[Tensor, Tensor]:
        """Give that of the activations."""
        return scaled(self.tensor)

    def round(self, value: Tensor, scaled: Scaled) -> Tensor:
        """Round the values."""
        return _on_grid(value, *scaled(self.tensor))


@dataclass(frozen=True, slots=True)
class Bias:
    """Steps of the products that it is added to, those of input times weights.

    Attributes:
        x: The operator's input.
        weights: The operator's weights.
    """

    x: int
    weights: int

    def scale(self, value: Tensor, scaled: Scaled) -> tuple[Tensor, Tensor]:
        """Give the scales, [channels] or of no axes."""
        per_product = (scaled(self.x)[0] * scaled(self.weights)[0]).detach().reshape(-1)
        return per_product, torch.zeros(())

    def round(self, value: Tensor, scaled: Scaled) -> Tensor:
        """Round the bias."""
        scale, _ = self.scale(value, scaled)
        return rounded(value / scale).clamp(-INT32, INT32) * scale


@dataclass(frozen=True, slots=True)
class Half:
    """A constant kept as a half float."""

    def scale(self, value: Tensor, scaled: Scaled) -> tuple[Tensor, Tensor]:
        """Give what leaves a value as it is."""
        return torch.ones(()), torch.zeros(())

    def round(self, value: Tensor, scaled: Scaled) -> Tensor:
        """Round to half floats."""
        return value + (value.half().float() - value).detach()


def _on_grid(value: Tensor, scale: Tensor, zero_point: Tensor) -> Tensor:
    integers = (rounded(value / scale) + zero_point).clamp(-128, 127)
    return (integers - zero_point) * scale
