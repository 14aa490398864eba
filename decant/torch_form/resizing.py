"""Operators that scale images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from .registry import kernel

if TYPE_CHECKING:
    from torch import Tensor


@kernel("RESIZE_BILINEAR")
def resize_bilinear(options: Any, x: Tensor, sizes: Tensor) -> Tensor:
    """Interpolate rows, then columns, between the two nearest of each."""
    for axis, size in zip((1, 2), sizes.tolist(), strict=True):
        at = _places(options, x.shape[axis], size).clamp(min=0)
        low = at.floor().long().clamp(max=x.shape[axis] - 1)
        high = (low + 1).clamp(max=x.shape[axis] - 1)
        share = (at - low).reshape(-1, *[1] * (3 - axis))
        below, above = x.index_select(axis, low), x.index_select(axis, high)
        x = below + (above - below) * share
    return x


@kernel("RESIZE_NEAREST_NEIGHBOR")
def resize_nearest_neighbor(options: Any, x: Tensor, sizes: Tensor) -> Tensor:
    """Repeat or drop rows and columns."""
    for axis, size in zip((1, 2), sizes.tolist(), strict=True):
        at = _scale(options, x.shape[axis], size) * (
            torch.arange(size) + (0.5 if options.halfPixelCenters else 0.0)
        )
        nearest = (at + 0.5).floor() if options.alignCorners else at.floor()
        x = x.index_select(axis, nearest.long().clamp(0, x.shape[axis] - 1))
    return x


def _places(options: Any, before: int, after: int) -> Tensor:
    """Give where in the input each output lies."""
    scale, at = _scale(options, before, after), torch.arange(after)
    return (at + 0.5) * scale - 0.5 if options.halfPixelCenters else at * scale


def _scale(options: Any, before: int, after: int) -> float:
    aligned = options.alignCorners and after > 1
    return (before - 1) / (after - 1) if aligned else before / after
