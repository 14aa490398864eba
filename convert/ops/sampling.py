"""Reading images and volumes on grids of computed places."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from ..layout.cut_and_join import Part, cut
from ..layout.forms import Tensor, sizes_of
from ..layout.product import product
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, Value, activation, numbers
from ..lowering.registry import op
from .pooling import channels_last, from_channels_last
from .taps import (
    CUBIC,
    MODES,
    Axis,
    Extent,
    Tap,
    as_float,
    clamped,
    neighbours,
    read,
    starts,
    zero_outside,
)


@op("GridSample")
def grid_sample(
    x: AnyValue, grid: AnyValue, *, align_corners: int, mode: str, padding_mode: str
) -> Value:
    """Read x: [N, C, ...] at grid: [N, ..., r], whose last axis is (x, y, ...) in [-1, 1]."""
    if x.shape[1] is None:
        raise FreeSize("the number of channels is not known")
    if mode not in MODES:
        raise Refused(
            "images and volumes are sampled nearest, linearly or cubically",
            "use mode nearest, linear or cubic",
            ("mode", mode),
        )
    image = channels_last(activation(x))
    count, *sizes, _ = sizes_of(image)
    rank = len(sizes)
    padding = padding_mode, bool(align_corners)
    axes = [
        Axis(size, _taps(places, size, mode, padding))
        for size, places in zip(sizes, reversed(_coordinates(grid, rank)), strict=True)
    ]
    table = tf.reshape(image, [-1, image.shape[-1]])
    return from_channels_last(functools.reduce(tf.add, read(table, starts(count, rank), axes)))


def _coordinates(grid: AnyValue, rank: int) -> list[Tensor]:
    """The x, y, ... of a grid [N, ..., r], each [N, ...]: cut out where they lie in memory."""
    if grid.shape[-1] is None:
        places = grid.plain()
        return [places[..., i] for i in range(rank)]
    cuts = cut(activation(grid), grid.rank - 1, [Part(i, 1) for i in range(rank)])
    return [Value(each.storage, each.axes[:-1]).plain() for each in cuts]


def _taps(t: Tensor, size: Extent, mode: str, padding: tuple[str, bool]) -> list[Tap]:
    """From [-1, 1] to the neighbours along one axis; what lies outside is padded as wanted."""
    kind, align = padding
    length = as_float(size)
    where = (t + 1.0) * ((length - 1.0) / 2.0) if align else ((t + 1.0) * length - 1.0) * 0.5
    if mode not in CUBIC:  # the cubic neighbours are padded one by one
        where = _padded(where, size, padding)
    found = neighbours(where, mode)
    if kind == "zeros":
        return [zero_outside(position, weight, size) for position, weight in found]
    moved = [(_padded(p, size, padding) if mode in CUBIC else p, weight) for p, weight in found]
    return [Tap(clamped(p, size), weight) for p, weight in moved]


def _padded(where: Tensor, size: Extent, padding: tuple[str, bool]) -> Tensor:
    """A position inside the axis that stands for one outside; zeros stay where they are."""
    kind, align = padding
    if kind == "zeros":
        return where
    if kind == "reflection":
        length = as_float(size)
        low, span = (0.0, length - 1.0) if align else (-0.5, length)
        # One element is all that any place means: it is clamped below, whatever it is taken modulo.
        span = tf.maximum(span, 1.0) if align else span
        turn = tf.math.floormod(where - low, 2.0 * span)
        where = tf.minimum(turn, 2.0 * span - turn) + low
    return clamped(where, size)


@op("AffineGrid")
def affine_grid(theta: AnyValue, size: AnyValue, *, align_corners: int) -> AnyValue:
    """Move the points of a regular grid, theta: [N, r, r + 1]; one product with constants."""
    align = bool(align_corners)
    if isinstance(size, Value):
        return _free_grid(theta, size, align_corners=align)
    sizes = numbers(size)[2:]
    points = np.meshgrid(*(_points(n, align_corners=align) for n in sizes), indexing="ij")
    rows = np.stack([*(p.ravel() for p in reversed(points)), np.ones(points[0].size)], -1)
    moved = product(Constant(rows.astype(theta.dtype)), theta.transpose((0, 2, 1)))
    return moved.reshape((theta.shape[0], *sizes, len(sizes)))


def _points(count: int, *, align_corners: bool) -> np.ndarray:
    """Evenly spaced points of [-1, 1]: its ends among them, or the middles of as many cells."""
    if align_corners:
        return np.linspace(-1, 1, count)
    return (2 * np.arange(count) + 1) / count - 1


def _free_grid(theta: AnyValue, size: Value, *, align_corners: bool) -> Value:
    """Move the points of a grid whose size is known at run time only; see `affine_grid`."""
    rank = (theta.shape[2] or 0) - 1
    sizes = [tf.cast(size.plain()[2 + axis], tf.int32) for axis in range(rank)]
    points = [_free_points(count, align_corners=align_corners) for count in sizes]
    grid = [tf.reshape(p, [-1]) for p in reversed(tf.meshgrid(*points, indexing="ij"))]
    rows = tf.stack([*grid, tf.ones_like(grid[0])], -1)
    moved = tf.matmul(tf.expand_dims(rows, 0), theta.plain(), transpose_b=True)
    return Value.laid_out(tf.reshape(moved, tf.stack([-1, *sizes, rank])))


def _free_points(count: Tensor, *, align_corners: bool) -> Tensor:
    """See `_points`."""
    place, length = tf.cast(tf.range(count), tf.float32), as_float(count)
    if align_corners:
        return place * 2.0 / tf.maximum(length - 1.0, 1.0) - 1.0
    return (place * 2.0 + 1.0) / length - 1.0
