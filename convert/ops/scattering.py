"""Ops that place or combine elements by index."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor, sizes_of
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Value, activation, numbers
from ..lowering.registry import op
from .indexing import element_positions, fixed_sizes, non_negative, slice_positions
from .padding import Window, windows

EVERY_PAIR = 1 << 22
"""Pairs of a place and an update up to which each place looks at all updates (16 MB of floats)."""


@op("ScatterND")
def scatter_nd(x: AnyValue, indices: AnyValue, updates: AnyValue, *, reduction: str) -> Value:
    """Replace slices at positions, or combine with them."""
    sizes = sizes_of(x.plain())[: indices.shape[-1]]
    return _scatter(x, slice_positions(indices, sizes), updates, reduction)


@op("ScatterElements")
def scatter_elements(
    x: AnyValue, indices: AnyValue, updates: AnyValue, *, axis: int, reduction: str
) -> Value:
    """Replace one element per index along an axis, or combine with it."""
    axis %= x.rank
    given = non_negative(indices, x.shape[axis])
    grid = element_positions(given, axis, sizes_of(x.plain())[axis])
    return _scatter(x, grid, updates, reduction)


@op("Scatter")
def scatter(x: AnyValue, indices: AnyValue, updates: AnyValue, *, axis: int) -> Value:
    """Emit ScatterElements under its old name."""
    return scatter_elements(x, indices, updates, axis=axis, reduction="none")


def _scatter(x: AnyValue, where: Tensor, updates: AnyValue, reduction: str) -> Value:
    """Place updates at positions [..., depth] of the first axes of x."""
    given = updates.plain()
    if reduction == "none":
        return Value.laid_out(tf.tensor_scatter_nd_update(x.plain(), where, given))
    if reduction == "add":
        tensor = x.plain()
        return Value.laid_out(tensor + tf.scatter_nd(where, given, sizes_of(tensor)))
    return _combined(x, where, given, reduction)


def _combined(x: AnyValue, where: Tensor, updates: Tensor, reduction: str) -> Value:
    """Let every place look at all updates: several may meet in one, and TFLite only adds those."""
    shape = fixed_sizes(x)
    depth = where.shape[-1]
    places, inner = math.prod(shape[:depth]), math.prod(shape[depth:])
    count = math.prod(where.shape[:-1])
    if places * inner * count > EVERY_PAIR:
        raise Refused(
            f"{places * inner} places and {count} updates are too many to combine: TFLite "
            "scatters by replacing or adding",
            "use reduction none or add",
            ("reduction", reduction),
        )
    strides = [math.prod(shape[i + 1 : depth]) for i in range(depth)]
    index = tf.reduce_sum(where * np.asarray(strides, np.int32), -1)
    hit = tf.equal(np.arange(places, dtype=np.int32)[:, None], tf.reshape(index, [1, count]))
    hit, given = tf.expand_dims(hit, -1), tf.reshape(updates, [1, count, inner])
    own = tf.reshape(x.plain(), [places, 1, inner])
    if reduction == "mul":
        factors = tf.where(hit, given, tf.ones_like(given))
        result = own * tf.reduce_prod(factors, 1, keepdims=True)
    else:
        function = {"max": tf.reduce_max, "min": tf.reduce_min}[reduction]
        result = function(tf.concat([own, tf.where(hit, given, own)], 1), 1)
    return Value.laid_out(tf.reshape(result, shape))


@op("TensorScatter")
def tensor_scatter(
    cache: AnyValue,
    update: AnyValue,
    write_indices: AnyValue | None = None,
    *,
    axis: int,
    mode: str,
) -> AnyValue:
    """Write an update into a cache at a place of its own for every sample."""
    axis %= cache.rank
    size, count = fixed_sizes(cache)[axis], fixed_sizes(update)[axis]
    others = [i for i in range(1, cache.rank) if i != axis]
    old, new = (activation(x).arrange((0,), (axis,), others) for x in (cache, update))
    source = np.arange(size, dtype=np.int32)[None]
    if write_indices is not None:
        source = source - tf.cast(tf.expand_dims(write_indices.plain(), 1), tf.int32)
    if mode == "circular":
        source = tf.math.floormod(source, size)
    written = tf.logical_and(source >= 0, source < count)
    source = tf.broadcast_to(tf.clip_by_value(source, 0, count - 1), [old.shape[0], size])
    picked = tf.gather(new, source, axis=1, batch_dims=1)
    result = Value.laid_out(tf.where(tf.expand_dims(written, -1), picked, old))
    order = [0, axis, *others]
    split = result.reshape([cache.shape[i] for i in order])
    return split.transpose([order.index(i) for i in range(cache.rank)])


@op("Col2Im")
def col2im(
    x: AnyValue,
    image_shape: AnyValue,
    block_shape: AnyValue,
    *,
    dilations: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> AnyValue:
    """Add up blocks where they lie in an image, [N, C · taps, blocks] to [N, C, ...].

    Every pixel gathers what lies on it.
    """
    sizes, taps = numbers(image_shape), numbers(block_shape)
    row = windows(sizes, taps, strides, dilations, ("NOTSET", pads))
    sources = _sources(sizes, row)
    count, channels, blocks = fixed_sizes(x)
    columns = x.reshape((count, channels // math.prod(taps), math.prod(taps) * blocks))
    padded = tf.pad(columns.plain(), [(0, 0), (0, 0), (0, 1)])
    summed = tf.reduce_sum(tf.gather(padded, sources, axis=2), -1)
    return Value.laid_out(summed).reshape((*columns.shape[:2], *sizes))


def _sources(sizes: Sequence[int], row: Sequence[Window]) -> np.ndarray:
    """For every pixel the elements, tap by block, that lie on it; the rest is the one behind."""
    counts = [window.count(size) for window, size in zip(row, sizes, strict=True)]
    taps = np.indices([window.kernel for window in row]).reshape(len(row), -1, 1)
    blocks = np.indices(counts).reshape(len(row), 1, -1)
    axes = np.arange(len(row))[:, None, None]
    stride, dilation, begin = (
        np.array([getattr(window, name) for window in row])[axes]
        for name in ("stride", "dilation", "begin")
    )
    where = blocks * stride + taps * dilation - begin
    inside = np.all((where >= 0) & (where < np.asarray(sizes)[axes]), 0).ravel()
    elements = np.flatnonzero(inside)
    pixels = np.ravel_multi_index(where.reshape(len(row), -1)[:, elements], sizes)
    order = np.argsort(pixels, kind="stable")
    pixels, elements = pixels[order], elements[order]
    nth = np.arange(len(pixels)) - np.searchsorted(pixels, pixels)
    sources = np.full((math.prod(sizes), nth.max(initial=0) + 1), inside.size, np.int32)
    sources[pixels, nth] = elements
    return sources


@op("MaxUnpool")
def max_unpool(
    x: AnyValue,
    indices: AnyValue,
    output_shape: AnyValue | None = None,
    *,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> AnyValue:
    """Put maxima back where MaxPool found them, and zeros elsewhere.

    Indices count in the size that pooling began with; a larger `output_shape` adds zeros behind.
    """
    shape = fixed_sizes(x)
    row = windows(shape[2:], kernel_shape, strides, None, ("NOTSET", pads))
    spread = [
        (size - 1) * window.stride + window.kernel - window.begin - window.end
        for size, window in zip(shape[2:], row, strict=True)
    ]
    full = [*shape[:2], *spread]
    where = tf.reshape(tf.cast(indices.plain(), tf.int32), [-1, 1])
    placed = tf.scatter_nd(where, tf.reshape(x.plain(), [-1]), [math.prod(full)])
    result = tf.reshape(placed, full)
    if output_shape is not None:
        wanted = zip(numbers(output_shape), full, strict=True)
        result = tf.pad(result, [(0, a - b) for a, b in wanted])
    return Value.laid_out(result)
