"""Operators that move a window over an image: convolutions, pooling, padding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from ai_edge_litert import schema_py_generated as schema
from torch import Tensor
from torch.nn import functional

from .activation import activated
from .registry import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

Pair = tuple[int, int]


def channels_first(x_nhwc: Tensor) -> Tensor:
    """View [N, H, W, C] as [N, C, H, W]; torch computes with such strides without a copy."""
    return x_nhwc.permute(0, 3, 1, 2)


def channels_last(x_nchw: Tensor) -> Tensor:
    """View [N, C, H, W] as [N, H, W, C]."""
    return x_nchw.permute(0, 2, 3, 1)


def same_padding(size: int, window: int, stride: int, dilation: int = 1) -> Pair:
    """Give what SAME adds before and after an axis, the odd one after it (as TensorFlow does)."""
    reach = (window - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def _padded(
    x_nchw: Tensor, options: Any, window: Pair, dilation: Pair = (1, 1), value: float = 0.0
) -> Tensor:
    """Pad an image as `options.padding` says for a window (height, width)."""
    if options.padding == schema.Padding.VALID:
        return x_nchw
    high, wide = x_nchw.shape[2:]
    rows = same_padding(high, window[0], options.strideH, dilation[0])
    columns = same_padding(wide, window[1], options.strideW, dilation[1])
    if not any((*rows, *columns)):
        return x_nchw
    return functional.pad(x_nchw, (*columns, *rows), value=value)


@kernel("CONV_2D")
def conv_2d(options: Any, x: Tensor, kernel_ohwi: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve; input channels beyond the kernel's make groups."""
    weights = channels_first(kernel_ohwi)
    groups = x.shape[3] // weights.shape[1]
    return _convolved(options, x, weights, bias, groups)


@kernel("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(
    options: Any, x: Tensor, kernel_1hwo: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Convolve each input channel with kernels of its own; the multiplier follows from sizes."""
    return _convolved(options, x, kernel_1hwo.permute(3, 0, 1, 2), bias, x.shape[3])


def _convolved(
    options: Any, x: Tensor, weights: Tensor, bias: Tensor | None, groups: int
) -> Tensor:
    dilation = (options.dilationHFactor, options.dilationWFactor)
    window = (weights.shape[2], weights.shape[3])
    padded = _padded(channels_first(x), options, window, dilation)
    stride = (options.strideH, options.strideW)
    found = functional.conv2d(padded, weights, bias, stride, 0, dilation, groups)
    return activated(options, channels_last(found))


@kernel("TRANSPOSE_CONV")
def transpose_conv(
    options: Any, shape: Tensor, kernel_ohwi: Tensor, x: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Spread each input over a window; what lies outside the stated shape is cut off."""
    weights = kernel_ohwi.permute(3, 0, 1, 2)
    stride = (options.strideH, options.strideW)
    full = functional.conv_transpose2d(channels_first(x), weights, None, stride)
    rows, columns = (int(size) for size in shape[1:3])
    starts = [0, 0]
    if options.padding == schema.Padding.SAME:
        sizes = zip((rows, columns), weights.shape[2:], stride, strict=True)
        starts = [same_padding(size, window, step)[0] for size, window, step in sizes]
    # A stated shape may reach further than the windows: there is only the bias.
    ends = starts[0] + rows - full.shape[2], starts[1] + columns - full.shape[3]
    full = functional.pad(full, (0, max(0, ends[1]), 0, max(0, ends[0])))
    cut = full[:, :, starts[0] : starts[0] + rows, starts[1] : starts[1] + columns]
    if bias is not None:
        cut = cut + bias.reshape(1, -1, 1, 1)
    return activated(options, channels_last(cut))


@kernel("MAX_POOL_2D")
def max_pool_2d(options: Any, x: Tensor) -> Tensor:
    """Take the largest of each window."""
    window = (options.filterHeight, options.filterWidth)
    padded = _padded(channels_first(x), options, window, value=-torch.inf)
    found = functional.max_pool2d(padded, window, (options.strideH, options.strideW))
    return activated(options, channels_last(found))


@kernel("AVERAGE_POOL_2D")
def average_pool_2d(options: Any, x: Tensor) -> Tensor:
    """Average each window over what of it lies inside the image."""
    window, stride = (options.filterHeight, options.filterWidth), (options.strideH, options.strideW)
    image = channels_first(x)
    sums = functional.avg_pool2d(_padded(image, options, window), window, stride)
    inside = torch.ones_like(image[:1, :1])
    share = functional.avg_pool2d(_padded(inside, options, window), window, stride)
    return activated(options, channels_last(sums / share))


@kernel("PAD")
def pad(options: Any, x: Tensor, borders: Tensor) -> Tensor:
    """Add zeros around a tensor; `borders` is [axes, 2]."""
    return functional.pad(x, _from_the_last(borders))


@kernel("PADV2")
def pad_v2(options: Any, x: Tensor, borders: Tensor, value: Tensor) -> Tensor:
    """Add a value around a tensor."""
    return functional.pad(x, _from_the_last(borders), value=value.item())


def _from_the_last(borders: Tensor) -> list[int]:
    """List the borders as torch wants them, the last axis first."""
    return [int(size) for pair in reversed(borders.tolist()) for size in pair]


@kernel("MIRROR_PAD")
def mirror_pad(options: Any, x: Tensor, borders: Tensor) -> Tensor:
    """Add what lies mirrored at the border, with the outermost values or without."""
    skipped = 1 if options.mode == schema.MirrorPadMode.REFLECT else 0
    for axis, (before, after) in enumerate(borders.tolist()):
        if before or after:
            order = _mirrored(x.shape[axis], before, after, skipped)
            x = x.index_select(axis, torch.tensor(order))
    return x


def _mirrored(size: int, before: int, after: int, skipped: int) -> Sequence[int]:
    first = range(before - 1 + skipped, skipped - 1, -1)
    last = range(size - 1 - skipped, size - 1 - skipped - after, -1)
    return [*first, *range(size), *last]
