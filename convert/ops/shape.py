"""Ops that only say how elements are arranged, and those that cut and join."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.cut_and_join import Part, concat, cut
from ..layout.expose import expose
from ..layout.forms import Tensor, runtime_size
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import (
    AnyValue,
    Constant,
    Value,
    activation,
    known_numbers,
    numbers,
    with_sizes,
)
from ..layout.view import merge
from ..lowering.registry import OutputInfo, op

MAX_SIZE = 2**31 - 1
"""An end that is this far means «to the end» of an axis, whatever its size."""


@op("Constant")
def constant_op(
    *,
    value: Any,
    sparse_value: Any,
    value_float: float | None,
    value_floats: Sequence[float] | None,
    value_int: int | None,
    value_ints: Sequence[int] | None,
    value_string: str | None,
    value_strings: Sequence[str] | None,
) -> Constant:
    """A tensor that is part of the file."""
    if sparse_value is not None or value_string is not None or value_strings is not None:
        raise Refused("TFLite has no sparse or string constants here", "use a dense number tensor")
    if value is not None:
        return Constant(value)
    if value_int is not None or value_ints is not None:
        return Constant(np.asarray(value_int if value_ints is None else value_ints, np.int64))
    return Constant(np.asarray(value_float if value_floats is None else value_floats, np.float32))


@op("Transpose")
def transpose(x: AnyValue, *, perm: Sequence[int] | None) -> AnyValue:
    """Reorder axes; emits nothing."""
    return x.transpose(perm if perm is not None else range(x.rank)[::-1])


@op("Reshape")
def reshape(
    x: AnyValue, shape: AnyValue, *, allowzero: int, outputs: tuple[OutputInfo, ...]
) -> AnyValue:
    """Regroup axes; emits nothing where sizes divide."""
    if isinstance(shape, Constant):
        return _reshaped(x, numbers(shape), bool(allowzero))
    written = known_numbers(shape)
    kept = [] if allowzero else [axis for axis, size in enumerate(written) if size == 0]
    known = _known(x, written, kept, outputs[0])
    if known.count(None) <= 1:
        return x.reshape(known)
    result = tf.reshape(x.plain(), _filled(x, shape.plain(), kept))
    result.set_shape(known)
    return Value.laid_out(result)


def _known(
    x: AnyValue, written: Sequence[int | None], kept: Sequence[int], result: OutputInfo
) -> list[int | None]:
    """Sizes of a reshape that stand in its shape as numbers, are kept, or that inference finds."""
    sizes = [size if size and size > 0 else None for size in written]
    for axis in kept:
        sizes[axis] = x.shape[axis]
    found = result.shape or ()
    if len(found) != len(sizes):  # nothing is found, or the file states another rank
        return sizes
    return [a if b is None else b for a, b in zip(sizes, found, strict=True)]


def _filled(x: AnyValue, shape: Tensor, kept: Sequence[int]) -> Tensor:
    """The shape of a reshape, [rank] integers, with the sizes that x keeps in place of zeros."""
    if not kept:
        return shape
    sizes = tf.shape(x.plain(), shape.dtype)
    rank = shape.shape[0]
    return tf.stack([sizes[i] if i in kept else shape[i] for i in range(rank)])


def _reshaped(x: AnyValue, wanted: Sequence[int], allowzero: bool) -> AnyValue:
    """Reshape to numbers of which 0 is the size that the axis has, and -1 the rest."""
    new = _resolve(x.shape, wanted, allowzero)
    if new.count(None) < 2 or not isinstance(x, Value):
        return x.reshape(new)
    kept = [i for i, size in enumerate(wanted) if size == 0 and new[i] is None]
    sizes: list[Any] = [-1 if size is None else size for size in new]
    for i in kept:
        sizes[i] = runtime_size(x.axes[i])
    result = x.reshape(new, sizes)
    if result.storage is x.storage and any(
        merge(result.axes[i]) != merge(x.axes[i]) for i in kept
    ):  # a free size that stays where the elements do not
        return Value.laid_out(tf.reshape(x.plain(), sizes))
    return result


def _resolve(old: Sequence[int | None], wanted: Sequence[int], allowzero: bool) -> list[int | None]:
    """Replace 0 (same as before) and -1 (the rest) by sizes, None where not known."""
    new: list[int | None] = [
        old[i] if size == 0 and not allowzero else size for i, size in enumerate(wanted)
    ]
    if -1 not in new:
        return new
    rest = new.index(-1)
    unknown_before = sum(size is None for size in old)
    unknown_after = sum(size is None for size in new)
    if unknown_before > unknown_after:
        new[rest] = None
        return new
    known = math.prod(s for i, s in enumerate(new) if s is not None and i != rest)
    new[rest] = math.prod(s for s in old if s is not None) // known if known else 0
    return new


@op("Flatten")
def flatten(x: AnyValue, *, axis: int) -> AnyValue:
    """Make two axes of many; emits nothing."""
    return x.merged(axis % x.rank if axis != x.rank else axis)


@op("Squeeze")
def squeeze(x: AnyValue, axes: AnyValue | None = None) -> AnyValue:
    """Drop axes of size one; emits nothing."""
    if axes is None:
        gone = {i for i, size in enumerate(x.shape) if size == 1}
    else:
        gone = {axis % x.rank for axis in numbers(axes)}
    kept = [i for i in range(x.rank) if i not in gone]
    if isinstance(x, Constant):
        return Constant(x.array.squeeze(tuple(gone)))
    x = activation(with_sizes(x, [1 if i in gone else None for i in range(x.rank)]))
    return Value(x.storage, tuple(x.axes[i] for i in kept))


@op("Unsqueeze")
def unsqueeze(x: AnyValue, axes: AnyValue) -> AnyValue:
    """Add axes of size one; emits nothing."""
    rank = x.rank + len(numbers(axes))
    added = {axis % rank for axis in numbers(axes)}
    if isinstance(x, Constant):
        return Constant(np.expand_dims(x.array, tuple(added)))
    own = iter(x.axes)
    return Value(x.storage, tuple(() if i in added else next(own) for i in range(rank)))


@op("Shape")
def shape_op(x: AnyValue, *, start: int, end: int | None) -> AnyValue:
    """The sizes: a constant where they are fixed."""
    sizes = x.shape[slice(start, end)]
    if isinstance(x, Constant) or None not in sizes:
        return Constant(np.asarray(sizes, np.int64))
    axes = x.axes[slice(start, end)]
    return Value.laid_out(tf.stack([tf.cast(runtime_size(axis), tf.int64) for axis in axes]))


@op("Concat")
def concat_op(*values: AnyValue, axis: int) -> AnyValue:
    """Join along an axis."""
    present = [value for value in values if 0 not in value.shape] or list(values[:1])
    if len(present) == 1:
        return present[0]
    if present[0].rank == 1 and np.issubdtype(present[0].dtype, np.integer):
        # A shape, of which `known_numbers` sees what is fixed if it is not moved about.
        return Value.laid_out(tf.concat([value.plain() for value in present], 0))
    return concat(present, axis % present[0].rank)


@op("Split")
def split(
    x: AnyValue,
    sizes: AnyValue | None = None,
    *,
    axis: int,
    num_outputs: int | None,
    outputs: tuple[OutputInfo, ...],
) -> tuple[AnyValue, ...]:
    """Cut an axis into parts."""
    axis %= x.rank
    count = num_outputs or len(outputs)
    total = x.shape[axis]
    if sizes is not None:
        parts = numbers(sizes)
    elif total is not None:
        each = -(-total // count)
        parts = [min(each, total - i * each) for i in range(count)]
    else:
        raise FreeSize("an axis of free size is split")
    starts = np.cumsum([0, *parts[:-1]])
    stretches = [Part(int(a), n) for a, n in zip(starts, parts, strict=True)]
    return tuple(pieces(x, axis, stretches))


def pieces(x: AnyValue, axis: int, parts: Sequence[Part]) -> list[AnyValue]:
    """Cut stretches out of an axis of any value."""
    if isinstance(x, Constant):
        picks = [np.arange(p.size) * p.step + p.start for p in parts]
        return [Constant(np.take(x.array, pick, axis)) for pick in picks]
    size = x.shape[axis]
    if size == 1 or any(part.size == 0 for part in parts):
        tensor = x.plain()
        index = [(slice(None),) * axis + (slice(p.start, p.start + p.size),) for p in parts]
        if size == 1 and all(part.size == 1 for part in parts):
            return [x for _ in parts]
        return [Value.laid_out(tensor[i]) for i in index]
    return list(cut(activation(x), axis, parts))


@op("Slice")
def slice_op(
    x: AnyValue,
    starts: AnyValue,
    ends: AnyValue,
    axes: AnyValue | None = None,
    steps: AnyValue | None = None,
    *,
    outputs: tuple[OutputInfo, ...],
) -> AnyValue:
    """Take a stretch of one or more axes, forwards or backwards; bounds may come at run time."""
    count = starts.shape[0]
    if count is None:
        raise FreeSize("how many axes are sliced is known at run time only")
    where = numbers(axes) if axes is not None else list(range(count))
    step = numbers(steps) if steps is not None else [1] * count
    if not count == len(where) == len(step):
        stated = f"it has {count} starts, {len(where)} axes and {len(step)} steps"
        raise Refused(stated, "export it with as many of each")
    known = outputs[0].shape or ()
    known = known if len(known) == x.rank else (None,) * x.rank  # a file may state anything
    for number, (axis, by) in enumerate(zip(where, step, strict=True)):
        axis %= x.rank
        bounds = (_bound(starts, number), _bound(ends, number))
        if all(isinstance(bound, int) for bound in bounds):
            x = slice_axis(x, axis, slice(*bounds, by))
        else:
            x = _sliced_at_run_time(x, axis, slice(*bounds, by), known[axis])
    return x


def _bound(bounds: AnyValue, number: int) -> int | Tensor:
    """One of the bounds: a number, or a scalar int32 tensor."""
    if isinstance(bounds, Constant):
        return max(-MAX_SIZE, min(int(bounds.array[number]), MAX_SIZE))
    bound = bounds.plain()[number]
    return tf.cast(tf.clip_by_value(bound, -MAX_SIZE, MAX_SIZE), tf.int32)


def slice_axis(x: AnyValue, axis: int, wanted: slice) -> AnyValue:
    """Take a stretch of one axis, with ONNX's rules for bounds."""
    size = x.shape[axis]
    if size is None and wanted.start == 0 and wanted.stop >= MAX_SIZE and wanted.step == 1:
        return x
    if size is None:
        return _sliced_at_run_time(x, axis, wanted, None)
    picked = _clamped(wanted, size)
    if len(picked) == size and picked.step == 1:
        return x
    if isinstance(x, Constant):
        return Constant(np.take(x.array, list(picked), axis))
    return pieces(x, axis, [Part(picked.start, len(picked), picked.step)])[0]


def _sliced_at_run_time(x: AnyValue, axis: int, wanted: slice, count: int | None) -> Value:
    """Take a stretch whose size or place is known at run time; TFLite's bounds are Python's.

    Args:
        x: To slice.
        axis: Along which.
        wanted: Numbers, or scalar int32 tensors.
        count: Elements of the stretch, where inference finds them.
    """
    exposed = expose(activation(x), [axis])
    dim = exposed.where[axis]
    backwards = wanted.step < 0
    stop = None if _is_open(wanted.stop, backwards=backwards) else wanted.stop
    start = None if _is_open(wanted.start, backwards=not backwards) else wanted.start
    index = (slice(None),) * dim + (slice(start, stop, wanted.step),)
    stretch = exposed.tensor[index]
    sizes = exposed.tensor.shape.as_list()
    stretch.set_shape([*sizes[:dim], count, *sizes[dim + 1 :]])
    return exposed.back(stretch)


def _is_open(bound: int | Tensor, *, backwards: bool) -> bool:
    """Whether a bound is so far out that it means the end of any axis, as INT64_MAX does."""
    return isinstance(bound, int) and (bound <= -MAX_SIZE if backwards else bound >= MAX_SIZE)


def _clamped(wanted: slice, size: int) -> range:
    """ONNX's bounds: as Python's, but for a negative step an end below -size means «to 0»."""
    stop = wanted.stop
    if wanted.step < 0 and stop < -size:
        return range(*slice(wanted.start, None, wanted.step).indices(size))
    return range(*slice(wanted.start, stop, wanted.step).indices(size))


@op("DepthToSpace")
def depth_to_space(x: AnyValue, *, blocksize: int, mode: str) -> AnyValue:
    """Spread channels over blocks of pixels; x: [N, C, H, W]; emits nothing itself."""
    count, channels, height, width = x.shape
    depth = (channels or 0) // blocksize**2
    split: Sequence[int | None]
    if mode == "DCR":
        split, blocks = (count, blocksize, blocksize, depth, height, width), (1, 2, 3)
    else:
        split, blocks = (count, depth, blocksize, blocksize, height, width), (2, 3, 1)
    parts = x.reshape(split)
    if height is None or width is None:  # an axis of free size is not made of factors
        last = parts.arrange((0,), (4,), (5,), blocks)
        return Value.laid_out(tf.nn.depth_to_space(last, blocksize), (0, 2, 3, 1))
    moved = parts.transpose((0, blocks[2], 4, blocks[0], 5, blocks[1]))
    return moved.reshape((count, depth, height * blocksize, width * blocksize))


@op("SpaceToDepth")
def space_to_depth(x: AnyValue, *, blocksize: int, mode: str) -> AnyValue:
    """Gather blocks of pixels in the channels; x: [N, C, H, W]; emits nothing itself."""
    count, channels, height, width = x.shape
    if height is None or width is None:
        return _gathered_blocks(activation(x), blocksize, mode)
    rows, columns = height // blocksize, width // blocksize
    split = x.reshape((count, channels, rows, blocksize, columns, blocksize))
    moved = split.transpose((0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4))
    return moved.reshape((count, (channels or 0) * blocksize**2, rows, columns))


def _gathered_blocks(x: Value, blocksize: int, mode: str) -> Value:
    """Gather blocks of a map of free size, by TFLite's own op; its channels are in DCR's order."""
    last = x.arrange((0,), (2,), (3,), (1,))
    y = Value.laid_out(tf.nn.space_to_depth(last, blocksize), (0, 2, 3, 1))
    if mode == "DCR":
        return y
    count, channels, height, width = y.shape
    depth = (channels or 0) // blocksize**2
    split = y.reshape((count, blocksize, blocksize, depth, height, width))
    return split.transpose((0, 3, 1, 2, 4, 5)).reshape((count, channels, height, width))
