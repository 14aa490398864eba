"""Operators that only move elements, or state sizes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from decant.errors import SpecError

from .registry import kernel, option


@kernel("RESHAPE")
def reshape(options: Any, x: Tensor, shape: Tensor | None = None) -> Tensor:
    """Give other sizes; one may be -1."""
    sizes = [int(size) for size in options.newShape] if shape is None else shape.tolist()
    return x.reshape(sizes)


@kernel("TRANSPOSE")
def transpose(options: Any, x: Tensor, order: Tensor) -> Tensor:
    """Reorder the axes."""
    return x.permute(order.tolist())


@kernel("SQUEEZE")
def squeeze(options: Any, x: Tensor) -> Tensor:
    """Drop axes of size 1, those named or all."""
    named = option(options, "squeezeDims", [])
    axes = [int(axis) % x.ndim for axis in named] or [a for a, n in enumerate(x.shape) if n == 1]
    return x.reshape([size for axis, size in enumerate(x.shape) if axis not in axes])


@kernel("EXPAND_DIMS")
def expand_dims(options: Any, x: Tensor, axis: Tensor) -> Tensor:
    """Add an axis of size 1."""
    return x.unsqueeze(int(axis))


@kernel("CONCATENATION")
def concatenation(options: Any, *values: Tensor) -> Tensor:
    """Join along an axis."""
    return torch.cat(values, options.axis)


@kernel("PACK")
def pack(options: Any, *values: Tensor) -> Tensor:
    """Join along a new axis."""
    return torch.stack(values, options.axis)


@kernel("UNPACK")
def unpack(options: Any, x: Tensor) -> tuple[Tensor, ...]:
    """Take an axis apart."""
    return x.unbind(options.axis)


@kernel("SPLIT")
def split(options: Any, axis: Tensor, x: Tensor) -> tuple[Tensor, ...]:
    """Cut an axis into equal parts."""
    return x.chunk(options.numSplits, int(axis))


@kernel("SPLIT_V")
def split_v(options: Any, x: Tensor, sizes: Tensor, axis: Tensor) -> tuple[Tensor, ...]:
    """Cut an axis into parts of stated sizes, of which one may be -1."""
    known = sizes.tolist()
    rest = x.shape[int(axis)] - sum(size for size in known if size >= 0)
    return torch.split(x, [rest if size < 0 else size for size in known], int(axis))


@kernel("SLICE")
def cut(options: Any, x: Tensor, begin: Tensor, size: Tensor) -> Tensor:
    """Cut a block out; a size of -1 reaches to the end."""
    for axis, (start, length) in enumerate(zip(begin.tolist(), size.tolist(), strict=True)):
        x = x.narrow(axis, start, x.shape[axis] - start if length < 0 else length)
    return x


@kernel("STRIDED_SLICE")
def strided_slice(options: Any, x: Tensor, begin: Tensor, end: Tensor, strides: Tensor) -> Tensor:
    """Index as NumPy does, by bounds and masks."""
    if option(options, "ellipsisMask", 0):
        raise SpecError("STRIDED_SLICE with an ellipsis cannot be computed in PyTorch")
    dropped = []
    bounds = zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)
    for axis, (start, stop, step) in enumerate(bounds):
        bit = 1 << axis
        if option(options, "newAxisMask", 0) & bit:
            x = x.unsqueeze(axis)
            continue
        if options.shrinkAxisMask & bit:
            dropped.append(axis)
            stop, step = (start + 1) or None, 1
        first = None if options.beginMask & bit and axis not in dropped else start
        last = None if options.endMask & bit and axis not in dropped else stop
        places = range(x.shape[axis])[slice(first, last, step)]
        x = x.index_select(axis, torch.tensor(places, dtype=torch.int64))
    return x.reshape([size for axis, size in enumerate(x.shape) if axis not in dropped])


@kernel("GATHER")
def gather(options: Any, x: Tensor, places: Tensor) -> Tensor:
    """Take entries of an axis, for each entry of the leading axes that both share."""
    axis = option(options, "axis", 0) % x.ndim
    shared = option(options, "batchDims", 0) % (places.ndim + 1)
    if not shared:
        found = x.index_select(axis, places.reshape(-1))
        return found.reshape(*x.shape[:axis], *places.shape, *x.shape[axis + 1 :])
    pairs = zip(x.flatten(0, shared - 1), places.flatten(0, shared - 1), strict=True)
    taken = [
        each.index_select(axis - shared, which.reshape(-1)).reshape(
            *each.shape[: axis - shared], *which.shape, *each.shape[axis - shared + 1 :]
        )
        for each, which in pairs
    ]
    joined = torch.stack(taken)
    return joined.reshape(*x.shape[:shared], *joined.shape[1:])


@kernel("GATHER_ND")
def gather_nd(options: Any, x: Tensor, places: Tensor) -> Tensor:
    """Take what lies at places, whose last axis holds the leading indices."""
    return x[places.long().unbind(-1)]


@kernel("EMBEDDING_LOOKUP")
def embedding_lookup(options: Any, places: Tensor, x: Tensor) -> Tensor:
    """Take rows."""
    return x[places.long()]


@kernel("TILE")
def tile(options: Any, x: Tensor, times: Tensor) -> Tensor:
    """Repeat along each axis."""
    return x.repeat(times.tolist())


@kernel("BROADCAST_TO")
def broadcast_to(options: Any, x: Tensor, shape: Tensor) -> Tensor:
    """Repeat along axes of size 1."""
    return x.expand(shape.tolist())


@kernel("REVERSE_V2")
def reverse(options: Any, x: Tensor, axes: Tensor) -> Tensor:
    """Turn axes round."""
    return x.flip(axes.reshape(-1).tolist())


@kernel("SPACE_TO_DEPTH")
def space_to_depth(options: Any, x: Tensor) -> Tensor:
    """Lay blocks of an image side by side as channels."""
    n, h, w, c = x.shape
    b = options.blockSize
    blocks = x.reshape(n, h // b, b, w // b, b, c).permute(0, 1, 3, 2, 4, 5)
    return blocks.reshape(n, h // b, w // b, b * b * c)


@kernel("DEPTH_TO_SPACE")
def depth_to_space(options: Any, x: Tensor) -> Tensor:
    """Lay channels out as blocks of an image."""
    n, h, w, c = x.shape
    b = options.blockSize
    blocks = x.reshape(n, h, w, b, b, c // (b * b)).permute(0, 1, 3, 2, 4, 5)
    return blocks.reshape(n, h * b, w * b, c // (b * b))


@kernel("SHAPE")
def shape_of(options: Any, x: Tensor) -> Tensor:
    """State the sizes."""
    return torch.tensor(x.shape, dtype=torch.int32)


@kernel("FILL")
def fill(options: Any, shape: Tensor, value: Tensor) -> Tensor:
    """Repeat one value."""
    return value.expand(shape.tolist())


@kernel("RANGE")
def arange(options: Any, start: Tensor, stop: Tensor, step: Tensor) -> Tensor:
    """Count."""
    return torch.arange(start.item(), stop.item(), step.item(), dtype=start.dtype)
