"""Ops that make tensors of a wanted size, and that repeat or mask them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from decant.runtime_facts import PAD_RANK

from ..layout.cut_and_join import extend
from ..layout.expose import Exposed, along, expose
from ..layout.forms import Tensor, sizes_of
from ..layout.pointwise import pointwise, widened
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, Value, activation, as_dtype, constant, numbers
from ..layout.view import Factors, size_of
from ..lowering.registry import op
from .shape import MAX_SIZE, slice_axis


@op("Expand")
def expand(x: AnyValue, shape: AnyValue) -> AnyValue:
    """Repeat axes of size one, with NumPy's broadcasting rules."""
    if not isinstance(shape, Constant):
        return Value.laid_out(tf.broadcast_to(x.plain(), _broadcast_shape(x, shape)))
    wanted = numbers(shape)
    rank = max(x.rank, len(wanted))
    old = (*(1,) * (rank - x.rank), *x.shape)
    new = [
        a if b == 1 else b for a, b in zip(old, [1] * (rank - len(wanted)) + wanted, strict=True)
    ]
    if list(old) == new:
        return x.reshape(new) if rank != x.rank else x
    if isinstance(x, Constant):
        return Constant(np.broadcast_to(x.array, [n or 0 for n in new]))
    if any(o is None and n not in (1, None) for o, n in zip(old, new, strict=True)):
        raise FreeSize("an axis of free size is expanded")
    if np.issubdtype(x.dtype, np.floating):
        # XNNPACK has no BROADCAST_TO, but a product that repeats its operand, in any order.
        ones = [n if o == 1 and n else 1 for o, n in zip(old, new, strict=True)]
        return pointwise(tf.multiply, x, Constant(np.ones(ones, x.dtype)))
    tensor = x.plain()
    sizes = [*(1,) * (rank - x.rank), *sizes_of(tensor)]
    return Value.laid_out(
        tf.broadcast_to(tensor, [s if n is None else n for s, n in zip(sizes, new, strict=True)])
    )


def _broadcast_shape(x: AnyValue, shape: AnyValue) -> Tensor:
    return tf.broadcast_dynamic_shape(tf.shape(x.plain(), tf.int64), shape.plain())


@op("Tile")
def tile(x: AnyValue, repeats: AnyValue) -> AnyValue:
    """Repeat a tensor along its axes."""
    if not isinstance(repeats, Constant):
        return Value.laid_out(tf.tile(x.plain(), repeats.plain()))
    counts = numbers(repeats)
    axes = [axis for axis, count in enumerate(counts) if count != 1]
    if not axes:
        return x

    def repeat(tensor: Tensor, dims: list[int]) -> Tensor:
        each = [1] * len(tensor.shape)
        for axis, dim in zip(axes, dims, strict=True):
            each[dim] = counts[axis]
        return tf.tile(tensor, each)

    return along(activation(x), axes, repeat)


@op("ConstantOfShape")
def constant_of_shape(shape: AnyValue, *, value: Any) -> AnyValue:
    """A tensor of one repeated number."""
    fill = np.zeros(1, np.float32) if value is None else np.asarray(value)
    if isinstance(shape, Constant):
        return Constant(np.full(numbers(shape), fill.ravel()[0], fill.dtype))
    # Whoever asks the result for its sizes is given these, and TFLite cuts no 64-bit sizes up.
    sizes = tf.cast(shape.plain(), tf.int32)
    return Value.laid_out(tf.fill(sizes, tf.constant(fill.ravel()[0])))


@op("Range", ignore=["stash_type"])
def range_op(start: AnyValue, limit: AnyValue, delta: AnyValue) -> AnyValue:
    """Evenly spaced numbers."""
    ends = [tf.reshape(value.plain(), []) for value in (start, limit, delta)]
    return Value.laid_out(tf.range(*ends))


@op("EyeLike")
def eye_like(x: AnyValue, *, dtype: int | None, k: int) -> AnyValue:
    """Ones on a diagonal."""
    rows, columns = x.shape
    kind = x.dtype if dtype is None else onnx.helper.tensor_dtype_to_np_dtype(dtype)
    if rows is not None and columns is not None:
        return Constant(np.eye(rows, columns, k, kind))
    count, length = sizes_of(x.plain())
    diagonal = tf.equal(tf.expand_dims(tf.range(count), 1) + k, tf.expand_dims(tf.range(length), 0))
    return as_dtype(Value.laid_out(diagonal), kind)


@op("Trilu")
def trilu(x: AnyValue, k: AnyValue | None = None, *, upper: int) -> AnyValue:
    """Keep one triangle of the last two axes."""
    mask: AnyValue
    rows, columns = x.shape[-2:]
    if rows is None or columns is None or isinstance(k, Value):
        mask = Value.laid_out(_triangle(x, k, upper=bool(upper)))
    else:
        offset = int(constant(k)) if k is not None else 0
        ones = np.ones((rows, columns), np.bool_)
        mask = Constant(np.triu(ones, offset) if upper else np.tril(ones, offset))
    zero = Constant(np.zeros((), x.dtype))
    return pointwise(tf.where, mask, x, zero)


def _triangle(x: AnyValue, k: AnyValue | None, *, upper: bool) -> Tensor:
    """Which elements lie in the triangle, where that is known at run time only; [rows, columns]."""
    rows, columns = sizes_of(x.plain())[-2:]
    offset = 0 if k is None else tf.cast(tf.reshape(k.plain(), []), tf.int32)
    diagonal = tf.expand_dims(tf.range(rows), 1) + offset
    place = tf.expand_dims(tf.range(columns), 0)
    return place >= diagonal if upper else place <= diagonal


@op("Size")
def size_op(x: AnyValue) -> AnyValue:
    """Number of elements."""
    if None not in x.shape:
        return Constant(np.asarray(math.prod(s or 0 for s in x.shape), np.int64))
    return Value.laid_out(tf.size(x.plain(), tf.int64))


@op("Pad")
def pad(
    x: AnyValue,
    pads: AnyValue,
    value: AnyValue | None = None,
    axes: AnyValue | None = None,
    *,
    mode: str,
) -> AnyValue:
    """Add elements around, or drop them where the padding is negative."""
    if isinstance(pads, Value):
        return _padded_at_run_time(x, pads, value, axes, mode)
    both = [int(p) for p in numbers(pads)]
    where = [a % x.rank for a in numbers(axes)] if axes is not None else list(range(x.rank))
    amounts = dict(
        zip(where, zip(both[: len(where)], both[len(where) :], strict=True), strict=True)
    )
    x = _crop(x, {a: (min(p, 0), min(q, 0)) for a, (p, q) in amounts.items()})
    grow = {a: (max(p, 0), max(q, 0)) for a, (p, q) in amounts.items() if max(p, q) > 0}
    if not grow:
        return x
    fill = _fill(value)
    result = _padded(activation(widened(x) if fill else x), grow, mode, fill)
    result.storage.nonnegative = activation(x).storage.nonnegative and fill >= 0
    return as_dtype(result, x.dtype)


def _fill(value: AnyValue | None) -> Any:
    if isinstance(value, Value):
        raise Refused("the padding value is computed at run time", "make it a constant")
    return 0 if value is None or not value.array.size else value.array.item()


def _padded_at_run_time(
    x: AnyValue, pads: Value, value: AnyValue | None, axes: AnyValue | None, mode: str
) -> Value:
    """Add as many elements as the model computes from the sizes that it meets."""
    if mode != "constant":
        raise FreeSize(
            "how many elements of its own are added is known at run time only",
            ("mode", mode),
        )
    where = [a % x.rank for a in numbers(axes)] if axes is not None else list(range(x.rank))
    amounts = tf.transpose(tf.reshape(tf.cast(pads.plain(), tf.int32), [2, len(where)]))
    rows = [amounts[where.index(a)] if a in where else tf.zeros(2, tf.int32) for a in range(x.rank)]
    padded = tf.pad(x.plain(), tf.stack(rows), constant_values=_fill(value))
    return Value.laid_out(padded)


def _crop(x: AnyValue, amounts: dict[int, tuple[int, int]]) -> AnyValue:
    for axis, (begin, end) in amounts.items():
        if begin or end:
            x = slice_axis(x, axis, slice(-begin, end or MAX_SIZE, 1))
    return x


def _padded(x: Value, grow: dict[int, tuple[int, int]], mode: str, fill: Any) -> Value:
    axes = list(grow)
    exposed = expose(x, axes)
    if len(exposed.groups) > PAD_RANK:
        exposed = _merged(exposed, x)
    if mode == "constant" and fill and len(axes) == 1 and None not in exposed.tensor.shape:
        return exposed.back(_joined(exposed.tensor, exposed.where[axes[0]], grow[axes[0]], fill))
    if mode == "constant":
        amounts = [(0, 0)] * len(exposed.groups)
        for axis in axes:
            amounts[exposed.where[axis]] = grow[axis]
        return exposed.back(tf.pad(exposed.tensor, amounts, constant_values=fill))
    tensor = exposed.tensor
    for axis in axes:
        tensor = _with_its_own(tensor, exposed.where[axis], grow[axis], mode)
    return exposed.back(tensor)


def _joined(tensor: Tensor, dim: int, amount: tuple[int, int], fill: Any) -> Tensor:
    """Join constants to one dimension: XNNPACK pads with zeros only."""
    shape = tensor.shape.as_list()
    sides = [
        [tf.fill([*shape[:dim], size, *shape[dim + 1 :]], tf.constant(fill, tensor.dtype))]
        if size
        else []
        for size in amount
    ]
    return tf.concat([*sides[0], tensor, *sides[1]], dim)


def _merged(exposed: Exposed, x: Value) -> Exposed:
    """Join neighbouring dimensions of which none is padded."""
    padded = set(exposed.where.values())
    groups: list[Factors] = []
    new: dict[int, int] = {}
    for dim, group in enumerate(exposed.groups):
        joins = bool(groups) and not {dim, dim - 1} & padded
        if joins and None not in (size_of(groups[-1]), size_of(group)):
            groups[-1] = (*groups[-1], *group)
        else:
            groups.append(group)
        new[dim] = len(groups) - 1
    where = {axis: new[dim] for axis, dim in exposed.where.items()}
    return Exposed(x.storage.take(groups), tuple(groups), exposed.axes, where)


def _with_its_own(tensor: Tensor, dim: int, amount: tuple[int, int], mode: str) -> Tensor:
    """Pad a dimension with elements of its own."""
    size = tensor.shape[dim]
    if size is not None:
        kind: Any = mode
        index = np.pad(np.arange(size), amount, kind).tolist()
        return extend(tensor, dim, index[: amount[0]], index[amount[0] + size :])
    count = tf.shape(tensor)[dim]
    index = tf.range(-amount[0], count + amount[1])
    return tf.gather(tensor, _source(index, count, mode), axis=dim)


def _source(index: Tensor, count: Tensor, mode: str) -> Tensor:
    """Which element stands at an index outside: the border's, or that of a mirror or a copy."""
    if mode == "edge":
        return tf.minimum(tf.maximum(index, 0), count - 1)
    if mode == "wrap":
        return tf.math.floormod(index, count)
    period = tf.maximum(2 * (count - 1), 1)
    distance = tf.math.floormod(index, period)
    return tf.minimum(distance, period - distance)
