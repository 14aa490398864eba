"""Convolutions whose taps lie where other layers say."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import FreeSize
from ..layout.tensors import AnyValue, Value, activation, constant
from ..lowering.registry import op
from .kernels import biased, convolve
from .padding import Window, windows
from .pooling import channels_last, from_channels_last
from .taps import Axis, Tap, neighbours, read, starts, zero_outside


@op("DeformConv")
def deform_conv(
    x: AnyValue,
    w: AnyValue,
    offset: AnyValue,
    b: AnyValue | None = None,
    mask: AnyValue | None = None,
    *,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    offset_group: int,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Value:
    """Emit a deformable convolution over two axes (Zhu 2019, arXiv:1811.11168, eq. 1).

    All taps of a place are read between pixels, and convolved as a row of an image.

    x is [N, C, H, W] and w [O, C / group, kH, kW]; offset is [N, 2 · offset_group · kH · kW, h, w],
    of each tap the row and the column, and mask, which the taps are multiplied with, half of that.
    """
    kernel = constant(w, "the kernel")
    if kernel.ndim != 4 or None in x.shape:
        raise FreeSize("only images of fixed size are deformed")
    count, channels, *sizes = (size or 0 for size in x.shape)
    taps = kernel_shape or kernel.shape[2:]
    row = windows(sizes, taps, strides, dilations, ("NOTSET", pads))
    wanted = [window.count(size) for window, size in zip(row, sizes, strict=True)]
    moves = _by_place(offset, (offset_group, math.prod(taps), 2))
    axes = [
        Axis(size, _between(moves[..., axis] + still, size))
        for axis, (size, still) in enumerate(zip(sizes, _still(row, wanted), strict=True))
    ]
    axes.append(Axis(offset_group, [Tap(np.arange(offset_group))]))
    table = tf.reshape(channels_last(activation(x)), [-1, channels // offset_group])
    value = functools.reduce(tf.add, read(table, starts(count, 3), axes))
    if mask is not None:
        value = value * _by_place(mask, (offset_group, math.prod(taps), 1))
    rows = tf.reshape(value, [count, math.prod(wanted), math.prod(taps), channels])
    flat = kernel.reshape(*kernel.shape[:2], 1, -1)
    y = convolve(rows, flat, [Window(size, 1, 1, 0, 0) for size in flat.shape[2:]], group)
    if b is not None:
        y = biased(y, constant(b, "the bias"), group)
    return from_channels_last(tf.reshape(y, [count, *wanted, len(kernel)]))


def _by_place(x: AnyValue, parts: tuple[int, int, int]) -> Tensor:
    """Bring numbers of each tap, [N, groups · taps · n, h, w], to [N, h · w, taps, groups, n]."""
    split = x.reshape((x.shape[0], *parts, *x.shape[2:]))
    return split.arrange((0,), (4, 5), (2,), (1,), (3,))


def _still(row: Sequence[Window], wanted: Sequence[int]) -> list[Any]:
    """Where taps lie that nothing moves, along each axis; [places, taps, 1]."""
    where = [
        np.add.outer(np.arange(count) * w.stride - w.begin, np.arange(w.kernel) * w.dilation)
        for w, count in zip(row, wanted, strict=True)
    ]
    shape = (*wanted, *(window.kernel for window in row))
    down = np.broadcast_to(where[0][:, None, :, None], shape)
    right = np.broadcast_to(where[1][None, :, None, :], shape)
    places = math.prod(wanted)
    return [each.reshape(places, -1, 1).astype(np.float32) for each in (down, right)]


def _between(where: Tensor, size: int) -> list[Tap]:
    return [zero_outside(place, weight, size) for place, weight in neighbours(where, "linear")]
