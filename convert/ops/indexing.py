"""Ops that pick or place elements by index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.cut_and_join import Part
from ..layout.expose import expose
from ..layout.forms import Tensor, sizes_of
from ..layout.pointwise import widened
from ..layout.refused import FreeSize
from ..layout.tensors import (
    AnyValue,
    Constant,
    Value,
    activation,
    as_dtype,
    constant,
    numbers,
    reinterpreted,
)
from ..lowering.registry import op
from .shape import pieces


@op("Gather")
def gather(x: AnyValue, indices: AnyValue, *, axis: int) -> AnyValue:
    """Pick slices along an axis; a fixed single index or an even stretch is a cut."""
    axis %= x.rank
    size = x.shape[axis]
    if isinstance(indices, Constant) and size is not None:
        index = np.where(indices.array < 0, indices.array + size, indices.array)
        stretch = _stretch(index.ravel())
        if stretch is not None:
            return _reshaped_axis(pieces(x, axis, [stretch])[0], axis, index.shape)
        indices = Constant(index)
    flat = indices.reshape((_count(indices.shape),)) if indices.rank != 1 else indices
    exposed = expose(activation(_signed(x)), [axis])
    where = exposed.where[axis]
    index = _wrapped(flat, size)
    if size is None and _may_be_negative(flat):
        count = tf.cast(tf.shape(exposed.tensor)[where], index.dtype)
        index = tf.where(index < 0, index + count, index)
    picked = exposed.back(tf.gather(exposed.tensor, index, axis=where))
    return _reshaped_axis(reinterpreted(picked, x.dtype), axis, indices.shape)


def _signed(x: AnyValue) -> AnyValue:
    """Integers without sign, of which TFLite gathers only bytes, as others with the same bits."""
    unsigned = x.dtype.kind == "u" and x.dtype.itemsize > 1
    return reinterpreted(x, f"i{x.dtype.itemsize}") if unsigned else x


def _count(sizes: Sequence[int | None]) -> int | None:
    return None if None in sizes else math.prod(size for size in sizes if size is not None)


def _reshaped_axis(value: AnyValue, axis: int, sizes: Sequence[int | None]) -> AnyValue:
    """Make one axis several, or none; the others stay."""
    return value.reshape((*value.shape[:axis], *sizes, *value.shape[axis + 1 :]))


def _stretch(index: Any) -> Part | None:
    """The indices as a start, a count and a step, if they are that regular."""
    steps = np.diff(index)
    if not index.size or np.any(steps == 0) or np.any(steps != steps[:1]):
        return None
    return Part(int(index[0]), index.size, int(steps[0]) if steps.size else 1)


def _wrapped(indices: AnyValue, size: Any) -> Tensor:
    """Indices in [0, size): ONNX counts negative ones from the end, TFLite does not.

    Args:
        indices: Without negative ones where they and the size are known.
        size: A number, a scalar tensor, or None: then they are left as they are.
    """
    tensor = indices.plain()
    if size is None or (isinstance(indices, Constant) and isinstance(size, int)):
        return tensor
    return tf.math.floormod(tensor, tf.cast(size, tensor.dtype))


def _may_be_negative(indices: AnyValue) -> bool:
    return not isinstance(indices, Constant) or bool((indices.array < 0).any())


def fixed_sizes(value: AnyValue) -> list[int]:
    """The sizes of a value that has no free ones."""
    sizes = [size for size in value.shape if size is not None]
    if len(sizes) != value.rank:
        raise FreeSize("its positions depend on a free size")
    return sizes


def element_positions(indices: AnyValue, axis: int, size: Any) -> Tensor:
    """Full positions [..., rank] of which one coordinate is given by `indices`.

    Args:
        indices: One coordinate of each position.
        axis: Which.
        size: Of that axis; a scalar tensor if it is free.
    """
    tensor = tf.cast(_wrapped(indices, size), tf.int32)
    grids = [tensor if i == axis else _numbered(tensor, i) for i in range(indices.rank)]
    return tf.stack(grids, -1)


def _numbered(like: Tensor, dim: int) -> Tensor:
    """The position in one dimension of each element of a tensor."""
    sizes = sizes_of(like)
    line = [-1 if i == dim else 1 for i in range(len(sizes))]
    if like.shape.is_fully_defined():
        return np.broadcast_to(np.arange(sizes[dim], dtype=np.int32).reshape(line), sizes)
    return tf.broadcast_to(tf.reshape(tf.range(sizes[dim]), line), sizes)


@op("GatherElements")
def gather_elements(x: AnyValue, indices: AnyValue, *, axis: int) -> Value:
    """Pick one element per index along an axis."""
    axis %= x.rank
    tensor = x.plain()
    given = non_negative(indices, x.shape[axis])
    positions = element_positions(given, axis, sizes_of(tensor)[axis])
    return Value.laid_out(tf.gather_nd(tensor, positions))


def non_negative(indices: AnyValue, size: int | None) -> AnyValue:
    """Constant indices without any that count from the end; others as they are."""
    if isinstance(indices, Constant) and size is not None:
        return Constant(np.where(indices.array < 0, indices.array + size, indices.array))
    return indices


@op("GatherND")
def gather_nd(x: AnyValue, indices: AnyValue, *, batch_dims: int) -> Value:
    """Pick slices by positions in the last axis of `indices`."""
    depth = indices.shape[-1] or 0
    tensor = x.plain()
    where = slice_positions(indices, sizes_of(tensor)[batch_dims : batch_dims + depth])
    if batch_dims:
        batch = [_numbered(where[..., 0], dim) for dim in range(batch_dims)]
        where = tf.concat([tf.stack(batch, -1), where], -1)
    return Value.laid_out(tf.gather_nd(tensor, where))


def slice_positions(indices: AnyValue, sizes: list[Any]) -> Tensor:
    """Positions as int32, none negative; sizes are numbers, or scalar tensors where free."""
    known = all(isinstance(size, int) for size in sizes)
    if isinstance(indices, Constant) and (known or not _may_be_negative(indices)):
        negative = np.asarray(sizes) if known else 0
        array = np.where(indices.array < 0, indices.array + negative, indices.array)
        return tf.constant(array.astype(np.int32))
    limits = np.asarray(sizes, np.int32) if known else tf.stack(sizes)
    return tf.math.floormod(tf.cast(indices.plain(), tf.int32), limits)


@op("OneHot")
def one_hot(indices: AnyValue, depth: AnyValue, values: AnyValue, *, axis: int) -> Value:
    """Put one value at the index and another elsewhere, along a new axis."""
    off, on = constant(values).tolist()
    tensor = indices.plain()
    count = tf.cast(tf.reshape(depth.plain(), []), tensor.dtype)
    if isinstance(depth, Constant):
        count = int(numbers(depth)[0])
    index = tf.cast(tf.math.floormod(tensor, count), tf.int32)
    in_range = tf.logical_and(tensor >= -count, tensor < count)
    axis %= indices.rank + 1
    hot = tf.one_hot(index, tf.cast(count, tf.int32), True, False, axis, tf.bool)
    hot = tf.logical_and(hot, tf.expand_dims(in_range, axis))
    dtype = values.dtype
    return Value.laid_out(tf.where(hot, tf.constant(on, dtype), tf.constant(off, dtype)))


@op("TopK", until=9)
def top_k_1(x: AnyValue, k: AnyValue, *, axis: int) -> tuple[AnyValue, AnyValue]:
    """Largest elements along an axis, with their positions: all that the first version knew."""
    return top_k(x, k, axis=axis, largest=1, sorted=1)


@op("TopK", since=10)
def top_k(
    x: AnyValue, k: AnyValue, *, axis: int, largest: int, sorted: int
) -> tuple[AnyValue, AnyValue]:
    """Largest or smallest elements along an axis, with their positions."""
    axis %= x.rank
    order = [i for i in range(x.rank) if i != axis] + [axis]
    tensor = activation(widened(x)).arrange(*((i,) for i in order))
    count = tf.cast(tf.reshape(k.plain(), []), tf.int32) if isinstance(k, Value) else numbers(k)[0]
    values, places = tf.math.top_k(tensor if largest else _turned(tensor), count)
    chosen = Value.laid_out(values if largest else _turned(values), order)
    return as_dtype(chosen, x.dtype), Value.laid_out(tf.cast(places, tf.int64), order)


def _turned(x: Tensor) -> Tensor:
    """Numbers in the opposite order; that again gives them back, the lowest integer too.

    TensorFlow's converter moves a difference in front of a transpose, and takes x - c for c - x
    where c has no axis (2.21).
    """
    return -x if x.dtype.is_floating else tf.constant([-1], x.dtype) - x


@op("NonZero")
def non_zero(x: AnyValue) -> Value:
    """Positions of the elements that are not zero, one column each."""
    tensor = x.plain()
    found = tf.where(tensor if x.dtype == np.bool_ else tf.not_equal(tensor, 0))
    return Value.laid_out(tf.cast(found, tf.int64), (1, 0))


@op("ReverseSequence")
def reverse_sequence(x: AnyValue, lengths: AnyValue, *, batch_axis: int, time_axis: int) -> Value:
    """Reverse the first part of each sample."""
    exposed = expose(activation(x), [batch_axis, time_axis])
    tensor = exposed.tensor
    native = tensor.dtype in REVERSED
    turned = tf.reverse_sequence(
        tensor if native else tf.cast(tensor, tf.int32),
        lengths.plain(),
        seq_axis=exposed.where[time_axis],
        batch_axis=exposed.where[batch_axis],
    )
    return exposed.back(turned if native else tf.cast(turned, tensor.dtype))


REVERSED = (tf.float32, tf.int32, tf.int64)
"""Types that TensorFlow's converter makes a REVERSE_SEQUENCE of; the others fit into int32."""


@op("Compress")
def compress(x: AnyValue, condition: AnyValue, *, axis: int | None) -> AnyValue:
    """Pick the slices whose condition holds; as many as that is where it is computed."""
    flat = x.reshape((int(np.prod(fixed_sizes(x))),)) if axis is None else x
    index: AnyValue
    if isinstance(condition, Constant):
        index = Constant(np.flatnonzero(condition.array))
    else:
        found = tf.reshape(tf.where(condition.plain()), [-1])
        index = Value.laid_out(tf.cast(found, tf.int32))
    return gather(flat, index, axis=axis or 0)
