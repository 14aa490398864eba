"""Rounding to integers in the forward pass, through which gradients go as if there were none.

The straight-through estimator of Bengio et al. (2013, arXiv:1308.3432), and for scale and zero
point the gradients of LSQ (Esser et al. 2020, arXiv:1902.08153, equation 3) and LSQ+ (Bhalgat et
al. 2020, arXiv:2004.09576).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

INT8 = (-128, 127)
Bounds = tuple[int, int]
NUDGE = 1e-3
"""Of an integer: less than a 256th, the least that two results of XNNPACK's shifts differ by, and
more than a float's last bits."""


def rounded(x: Tensor) -> Tensor:
    """Round halves to even, as LiteRT's kernels and the quantizer library do."""
    return x + (x.round() - x).detach()


def fake_quantized(x: Tensor, scale: Tensor, zero_point: Tensor, bounds: Bounds = INT8) -> Tensor:
    """Give the reals that integers of one scale can stand for.

    Args:
        x: Any shape.
        scale: Of no axes.
        zero_point: Of no axes.
        bounds: Least and largest integer.
    """
    found: Tensor = _FakeQuantized.apply(x, scale, zero_point, bounds)  # type: ignore[no-untyped-call]
    return found


def dynamically_quantized(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Round activations as XNNPACK does before it multiplies them with int8 weights.

    Each row, or each image of a convolution, has the scale and zero point of its own extremes, zero
    among them (XNNPACK's `xnn_f32_qd8_asymmetric_quantization_params`).

    Args:
        x: Activations.
        axes: That one scale is for.
    """
    with torch.no_grad():
        low = x.amin(axes, keepdim=True).clamp(max=0.0)
        high = x.amax(axes, keepdim=True).clamp(min=0.0)
        per_unit = torch.where(low == high, torch.ones_like(low), 255.0 / (high - low))
        least, most = low * per_unit, high * per_unit
        # Of the two ends the one counts that zero is nearer to.
        from_low = (-128.0 + least) + (127.0 + most) > 0
        zero_point = torch.where(from_low, -128.0 - least, 127.0 - most).clamp(-128, 127).round()
        integers = (x * per_unit).round() + zero_point
        gap = (integers.clamp(-128, 127) - zero_point) / per_unit - x
    return x + gap


def nudged(x: Tensor, scale: Tensor) -> Tensor:
    """Raise values that lie halfway between two integers, which XNNPACK's shifts round up.

    Shares of a RESIZE_BILINEAR are few, so that halves are common.
    """
    return x + NUDGE * scale.detach()


def rescaled(x: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Bring int8 values to another scale as XNNPACK does: the ratio counts in 256ths.

    Args:
        x: Reals on the first grid.
        before: Its scale.
        after: Of the second grid, to which the result has yet to be rounded.
    """
    ratio = (before / after).detach()
    return nudged(x * ((256 * ratio).round() / (256 * ratio)), after)


class _FakeQuantized(torch.autograd.Function):
    """Rounds to a grid of one scale and zero point."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, zero_point: Tensor, bounds: Bounds) -> Tensor:
        steps = x * (1 / scale)
        unbounded = steps.round() + zero_point
        held = unbounded.clamp(*bounds)
        integers = held - zero_point
        inside = unbounded == held
        ctx.save_for_backward(inside, torch.where(inside, integers - steps, integers), scale)
        return integers * scale

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        inside, by_scale, scale = ctx.saved_tensors
        clipped = gradient.masked_fill(inside, 0.0)
        return gradient - clipped, (gradient * by_scale).sum(), -clipped.sum() * scale, None
