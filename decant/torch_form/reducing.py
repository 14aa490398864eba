"""Operators that sum products or reduce axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from .activation import activated
from .registry import kernel, option

if TYPE_CHECKING:
    from collections.abc import Callable

REDUCTIONS: dict[str, Callable[..., Tensor]] = {
    "MEAN": torch.mean,
    "REDUCE_ALL": lambda x, axes, *, keepdim: _each(torch.all, x, axes, keepdim),
    "REDUCE_ANY": lambda x, axes, *, keepdim: _each(torch.any, x, axes, keepdim),
    "REDUCE_MAX": torch.amax,
    "REDUCE_MIN": torch.amin,
    "REDUCE_PROD": lambda x, axes, *, keepdim: _each(torch.prod, x, axes, keepdim),
    "SUM": torch.sum,
}


def _each(function: Callable[..., Tensor], x: Tensor, axes: list[int], keepdim: bool) -> Tensor:
    """Reduce one axis after another, the last first."""
    for axis in sorted(axes, reverse=True):
        x = function(x, axis, keepdim=keepdim)
    return x


def _register(kind: str, function: Callable[..., Tensor]) -> None:
    @kernel(kind)
    def reduce(options: Any, x: Tensor, axes: Tensor) -> Tensor:
        named = [int(axis) % x.ndim for axis in axes.reshape(-1).tolist()]
        found = function(x, named, keepdim=bool(options.keepDims)) if named else x
        return found.to(x.dtype)


for _kind, _function in REDUCTIONS.items():
    _register(_kind, _function)


@kernel("FULLY_CONNECTED")
def fully_connected(
    options: Any, x: Tensor, weights_oi: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Multiply rows with a matrix [outputs, inputs]."""
    rows = x if options.keepNumDims else x.reshape(-1, weights_oi.shape[1])
    flat = None if bias is None else bias.reshape(-1)
    return activated(options, functional.linear(rows, weights_oi, flat))


@kernel("BATCH_MATMUL")
def batch_matmul(options: Any, a: Tensor, b: Tensor) -> Tensor:
    """Multiply matrices, either one turned first."""
    left = a.transpose(-1, -2) if options.adjX else a
    right = b.transpose(-1, -2) if options.adjY else b
    return left @ right


@kernel("ARG_MAX")
def arg_max(options: Any, x: Tensor, axis: Tensor) -> Tensor:
    """Find the first place of the largest value."""
    return x.argmax(int(axis)).int()


@kernel("ARG_MIN")
def arg_min(options: Any, x: Tensor, axis: Tensor) -> Tensor:
    """Find the first place of the smallest value."""
    return x.argmin(int(axis)).int()


@kernel("TOPK_V2")
def top_k(options: Any, x: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Find the largest values of the last axis and their places."""
    values, places = x.topk(int(count))
    return values, places.int()


@kernel("CUMSUM")
def cumulative_sum(options: Any, x: Tensor, axis: Tensor) -> Tensor:
    """Sum up to each place, with it or without, from either end."""
    along = int(axis)
    turned = x.flip(along) if option(options, "reverse", False) else x
    sums = turned.cumsum(along)
    sums = sums - turned if option(options, "exclusive", False) else sums
    return sums.flip(along) if option(options, "reverse", False) else sums
