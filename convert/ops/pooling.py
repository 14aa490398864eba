"""Pooling: windows slide over the spatial axes, one or two of them at a time."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from decant.runtime_facts import ELEMENTS_SUMMED

from ..layout.cut_and_join import extend
from ..layout.forms import Tensor, sizes_of
from ..layout.pointwise import pointwise
from ..layout.reduction import averaged, reduce, summed
from ..layout.refused import FreeSize
from ..layout.tensors import AnyValue, Constant, Value, activation, as_dtype
from ..layout.view import Size
from ..lowering.registry import OutputInfo, op
from .padding import Window, all_same, windows


@op("MaxPool")
def max_pool(
    x: AnyValue,
    *,
    auto_pad: str,
    ceil_mode: int,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    storage_order: int,
    strides: Sequence[int] | None,
    outputs: tuple[OutputInfo, ...],
) -> AnyValue | tuple[AnyValue, AnyValue]:
    """Maximum over windows, and where it lies if that is asked for; x: [N, C, ...]."""
    kind = x.dtype
    if np.issubdtype(kind, np.integer):  # bytes, which TFLite pools only as quantized numbers
        x = as_dtype(x, np.float32)
    x = activation(x)
    sizes = x.shape[2:]
    row = windows(sizes, kernel_shape, strides, dilations, (auto_pad, pads))
    row = [_with_ceil(w, s) for w, s in zip(row, sizes, strict=True)] if ceil_mode else row
    if len(outputs) > 1 and outputs[1].name:
        best, places = _max_with_places(x, row, bool(storage_order))
        return as_dtype(best, kind), places
    pad = _pad_zero if x.storage.nonnegative else _pad_lowest
    tensor = _slide(channels_last(x), row, (tf.nn.max_pool2d, tf.maximum, pad))
    result = from_channels_last(tensor)
    result.storage.nonnegative = x.storage.nonnegative
    return as_dtype(result, kind)


def _max_with_places(x: Value, row: Sequence[Window], column_major: bool) -> tuple[Value, Value]:
    """The maxima of windows and their indices in the flattened x: tap by tap, the first wins."""
    count, channels, *sizes = (size or 0 for size in x.shape)
    if None in x.shape:
        raise FreeSize("indices of maxima need all sizes")
    pads = [window.trimmed(size) for window, size in zip(row, sizes, strict=True)]
    tensor = channels_last(x)
    padded = tf.pad(tensor, [(0, 0), *pads, (0, 0)], constant_values=tensor.dtype.min)
    starts = [np.arange(w.count(size)) * w.stride for w, size in zip(row, sizes, strict=True)]
    best: Tensor = None
    for tap in np.ndindex(*(window.kernel for window in row)):
        first = [t * window.dilation for t, window in zip(tap, row, strict=True)]
        cut = [
            slice(f, f + s[-1] + 1, w.stride) for f, s, w in zip(first, starts, row, strict=True)
        ]
        value = padded[(slice(None), *cut, slice(None))]
        places = [s + f - w.begin for s, f, w in zip(starts, first, row, strict=True)]
        index = _flat_index(places, sizes, column_major)
        if best is None:
            best, found = value, tf.broadcast_to(index, tf.shape(value))
        found = tf.where(value > best, index, found)
        best = tf.maximum(value, best)
    maps = np.arange(count * channels, dtype=np.int32).reshape(count, *[1] * len(row), channels)
    found = tf.cast(found + maps * math.prod(sizes), tf.int64)
    return from_channels_last(best), from_channels_last(found)


def _flat_index(places: Sequence[Any], sizes: Sequence[int], column_major: bool) -> Any:
    """Positions in one flattened map, int32 [1, ..., 1]; those in the padding are never used."""
    steps = [math.prod(sizes[:i] if column_major else sizes[i + 1 :]) for i in range(len(sizes))]
    grid = np.meshgrid(*places, indexing="ij")
    index = sum(step * axis for step, axis in zip(steps, grid, strict=True))
    return np.asarray(index, np.int32)[None, ..., None]


def channels_last(x: Value) -> Tensor:
    """The tensor [N, ..., C] of a value [N, C, ...]."""
    return x.arrange((0,), *((i,) for i in range(2, x.rank)), (1,))


def from_channels_last(tensor: Tensor) -> Value:
    """The value [N, C, ...] of a tensor [N, ..., C]."""
    rank = len(tensor.shape)
    return Value.laid_out(tensor, (0, *range(2, rank), 1))


def _with_ceil(window: Window, size: Size) -> Window:
    """Make room behind for one more window, if one more begins before the padding behind."""
    if size is None:
        return _with_ceil_anywhere(window)
    count = -(-(size + window.begin + window.end - window.extent) // window.stride) + 1
    if (count - 1) * window.stride >= size + window.begin:
        count -= 1
    end = (count - 1) * window.stride + window.extent - size - window.begin
    return replace(window, end=max(end, window.end))


def _with_ceil_anywhere(window: Window) -> Window:
    """Make room behind for what rounding up may add, whatever the size.

    Behind `stride - 1` more elements, rounding down gives as many windows as rounding up did. The
    last of them begins before the padding behind, as ONNX wants it, where that is this short.
    """
    if window.follows or window.end + window.stride > window.extent:
        raise FreeSize("rounding up needs the size", ("ceil_mode", 1))
    return replace(window, end=window.end + window.stride - 1)


Slide = tuple[Callable[..., Tensor], Callable[..., Tensor], Callable[..., Tensor]]


def _slide(x: Tensor, row: Sequence[Window], how: Slide) -> Tensor:
    """Pool a channels-last tensor.

    Args:
        x: [N, ..., C].
        row: One window per spatial axis.
        how: TensorFlow's pooling, the function of two taps, and the padding.
    """
    sizes: list[Size] = x.shape.as_list()[1:-1]
    plain = all(window.dilation == 1 for window in row)
    if plain and all_same(row, sizes) and len(row) <= 2:
        return _pool2d(x, row, how[0], "SAME")
    pads = [window.trimmed(size) for window, size in zip(row, sizes, strict=True)]
    if any(map(any, pads)):
        x = how[2](x, [(0, 0), *pads, (0, 0)], row)
    if not plain:
        return _slide_taps(x, row, how[1])
    if len(row) <= 2:
        return _pool2d(x, row, how[0], "VALID")
    return _pool3d(x, row, how[0])


def _pool2d(x: Tensor, row: Sequence[Window], pool: Callable[..., Tensor], padding: str) -> Tensor:
    kernel, stride = [w.kernel for w in row], [w.stride for w in row]
    bare = padding == "VALID" or not any(w.begin or w.end for w in row)
    many = pool is tf.nn.avg_pool2d and math.prod(kernel) > ELEMENTS_SUMMED
    if many and bare and len(row) == 2 and min(kernel) > 1:  # one axis after the other
        x = pool(x, [1, kernel[1]], [1, stride[1]], padding)
        return pool(x, [kernel[0], 1], [stride[0], 1], padding)
    if len(row) == 2:
        return pool(x, kernel, stride, padding)
    return tf.squeeze(pool(tf.expand_dims(x, 2), [*kernel, 1], [*stride, 1], padding), 2)


def _pool3d(x: Tensor, row: Sequence[Window], pool: Callable[..., Tensor]) -> Tensor:
    """Pool height and width, then depth: TFLite pools two axes at a time."""
    depth, height, width, channels = sizes_of(x)[1:]
    plane = tf.reshape(x, [-1, height, width, channels])
    plane = _pool2d(plane, row[1:], pool, "VALID")
    height, width = sizes_of(plane)[1:3]
    column = tf.reshape(plane, [-1, depth, height * width, channels])
    column = pool(column, [row[0].kernel, 1], [row[0].stride, 1], "VALID")
    return tf.reshape(column, [-1, sizes_of(column)[1], height, width, channels])


def _slide_taps(x: Tensor, row: Sequence[Window], combine: Callable[..., Tensor]) -> Tensor:
    """Pool with dilation, one axis after the other: TFLite's pooling has none."""
    for axis, window in enumerate(row, start=1):
        taps = []
        for tap in range(window.kernel):
            start = tap * window.dilation
            left = window.extent - 1 - start  # elements behind the last place of this tap
            index = [slice(None)] * axis + [slice(start, -left or None, window.stride)]
            taps.append(x[tuple(index)])
        x = functools.reduce(combine, taps)
    return x


def _pad_zero(x: Tensor, pads: Sequence[tuple[int, int]], row: Sequence[Window]) -> Tensor:
    return tf.pad(x, pads)


def _pad_lowest(x: Tensor, pads: Sequence[tuple[int, int]], row: Sequence[Window]) -> Tensor:
    """Pad so that no window's maximum changes.

    A window without dilation that reaches into the padding holds the element at the edge; copies
    of it keep the range of values, which int8 needs (-inf would not).
    """
    if any(window.dilation > 1 for window in row):
        return tf.pad(x, pads, constant_values=x.dtype.min)
    for dim, (begin, end) in enumerate(pads):
        x = extend(x, dim, [0] * begin, [-1] * end)
    return x


@op("AveragePool")
def average_pool(
    x: AnyValue,
    *,
    auto_pad: str,
    ceil_mode: int,
    count_include_pad: int,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> AnyValue:
    """Mean over windows; x: [N, C, ...]."""
    x = activation(x)
    sizes = x.shape[2:]
    floor = windows(sizes, kernel_shape, strides, dilations, (auto_pad, pads))
    row = [_with_ceil(w, s) for w, s in zip(floor, sizes, strict=True)] if ceil_mode else floor
    plain = all(window.dilation == 1 for window in row)
    how = (tf.nn.avg_pool2d, tf.add, _pad_zero)
    same = not count_include_pad and plain and all_same(row, sizes) and len(row) <= 2
    around = [(0, 0)] if same else [w.trimmed(s) for w, s in zip(row, sizes, strict=True)]
    if not any(map(any, around)):
        result = from_channels_last(_slide(channels_last(x), row, how))
    else:
        tensor = tf.pad(channels_last(x), [(0, 0), *around, (0, 0)])
        bare = [replace(window, begin=0, end=0) for window in row]
        result = from_channels_last(_slide(tensor, bare, how))
        if None not in sizes:
            counted = [
                _counts(w, f, s or 0, bool(count_include_pad))
                for w, f, s in zip(row, floor, sizes, strict=True)
            ]
            result = _scaled(result, _share(counted, row))
        elif not count_include_pad or ceil_mode:
            mask = _counted(channels_last(x), floor if count_include_pad else bare, around)
            share = from_channels_last(_slide(mask, bare, how))
            result = activation(pointwise(tf.divide, result, share))
            plain = True  # a sum over a sum of ones is the mean
    if not plain:
        result = _scaled(result, 1 / math.prod(window.kernel for window in row))
    result.storage.nonnegative = x.storage.nonnegative
    return result


def _counted(x: Tensor, inside: Sequence[Window], around: Sequence[tuple[int, int]]) -> Tensor:
    """Ones where an element counts and zeros elsewhere, of the padded size; [1, ..., 1].

    Args:
        x: The tensor before it is padded, [N, ..., C].
        inside: How much of the padding counts, as windows.
        around: All of the padding.
    """
    count = [(w.begin, min(w.end, end)) for w, (_, end) in zip(inside, around, strict=True)]
    sizes = [size + sum(own) for size, own in zip(sizes_of(x)[1:-1], count, strict=True)]
    rest = [(b - own[0], e - own[1]) for (b, e), own in zip(around, count, strict=True)]
    return tf.pad(tf.ones([1, *sizes, 1]), [(0, 0), *rest, (0, 0)])


def _scaled(value: Value, factor: Any) -> Value:
    if np.all(factor == 1):
        return value
    scaled = pointwise(tf.multiply, value, Constant(np.asarray(factor, value.dtype)))
    return activation(scaled)


def _counts(window: Window, floor: Window, size: int, include_pad: bool) -> Any:
    """How many taps of each window count."""
    low, high = (0, size) if not include_pad else (-floor.begin, size + floor.end)
    starts = np.arange(window.count(size)) * window.stride - window.begin
    taps = starts[:, None] + np.arange(window.kernel) * window.dilation
    return np.sum((taps >= low) & (taps < high), 1)


def _share(counts: Sequence[Any], row: Sequence[Window]) -> Any:
    """Taps over counted taps, for every window; [1, 1, ...]."""
    share: Any = np.ones((1, 1))
    for count, window in zip(counts, row, strict=True):
        share = share[..., None] * (window.kernel / count)
    return share


@op("LpPool")
def lp_pool(
    x: AnyValue,
    *,
    auto_pad: str,
    ceil_mode: int,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    p: int,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> AnyValue:
    """p-norm of windows; x: [N, C, ...]."""
    powered = activation(pointwise(lambda t: tf.abs(t) ** float(p), x))
    sizes = powered.shape[2:]
    row = windows(sizes, kernel_shape, strides, dilations, (auto_pad, pads))
    row = [_with_ceil(w, s) for w, s in zip(row, sizes, strict=True)] if ceil_mode else row
    around = [window.trimmed(size) for window, size in zip(row, sizes, strict=True)]
    tensor = channels_last(powered)
    if any(map(any, around)):
        tensor = tf.pad(tensor, [(0, 0), *around, (0, 0)])
    bare = [replace(window, begin=0, end=0) for window in row]
    mean = from_channels_last(_slide(tensor, bare, (tf.nn.avg_pool2d, tf.add, _pad_zero)))
    dilated = any(window.dilation > 1 for window in row)  # whose taps are added up already
    taps = 1.0 if dilated else float(math.prod(kernel_shape))
    return pointwise(lambda t: (t * taps) ** (1.0 / p), mean)


@op("GlobalAveragePool")
def global_average_pool(x: AnyValue) -> Value:
    """Mean over all spatial axes; x: [N, C, ...]."""
    return reduce(averaged, activation(x), range(2, x.rank), keepdims=True)


@op("GlobalMaxPool")
def global_max_pool(x: AnyValue) -> Value:
    """Maximum over all spatial axes; x: [N, C, ...]."""
    return reduce(tf.reduce_max, activation(x), range(2, x.rank), keepdims=True)


@op("GlobalLpPool")
def global_lp_pool(x: AnyValue, *, p: int) -> AnyValue:
    """p-norm over all spatial axes; x: [N, C, ...]."""
    powered = pointwise(lambda t: tf.abs(t) ** float(p), x)
    total = reduce(summed, activation(powered), range(2, x.rank), keepdims=True)
    return pointwise(lambda t: t ** (1.0 / p), total)
