"""Ops that make one number of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.expose import along, expose
from ..layout.forms import Form, Tensor
from ..layout.pointwise import pointwise, widened
from ..layout.reduction import averaged, reduce, summed
from ..layout.refused import FreeSize
from ..layout.tensors import AnyValue, Storage, Value, activation, as_dtype, numbers
from ..layout.view import flatten
from ..lowering.registry import op
from .integers import magnitude

Reduction = Callable[..., Any]


def _log_sum_exp(x: Tensor, axis: Sequence[int], keepdims: bool) -> Tensor:
    top = tf.reduce_max(x, axis, keepdims=True)
    top = tf.clip_by_value(top, x.dtype.min, x.dtype.max)  # infinity from itself would be NaN
    total = tf.math.log(summed(tf.exp(x - top), axis, keepdims=keepdims))
    return total + (top if keepdims else tf.reduce_max(top, axis))


REDUCTIONS: dict[str, Reduction] = {
    "ReduceL1": lambda x, axis, keepdims: summed(magnitude(x), axis, keepdims),
    "ReduceL2": lambda x, axis, keepdims: tf.sqrt(summed(tf.square(x), axis, keepdims)),
    "ReduceLogSum": lambda x, axis, keepdims: tf.math.log(summed(x, axis, keepdims)),
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceMean": averaged,
    "ReduceProd": tf.reduce_prod,
    "ReduceSum": summed,
    "ReduceSumSquare": lambda x, axis, keepdims: summed(tf.square(x), axis, keepdims),
}


def _extreme(numeric: Reduction, logical: Reduction) -> Reduction:
    return lambda x, axis, keepdims: (logical if x.dtype == tf.bool else numeric)(x, axis, keepdims)


REDUCTIONS["ReduceMax"] = _extreme(tf.reduce_max, tf.reduce_any)
REDUCTIONS["ReduceMin"] = _extreme(tf.reduce_min, tf.reduce_all)
ONLY_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "ReduceL1": magnitude,
    "ReduceL2": magnitude,
    "ReduceLogSum": tf.math.log,
    "ReduceSumSquare": tf.square,
}


def _register(name: str, function: Reduction) -> None:
    @op(name)
    def reduction(
        x: AnyValue, axes: AnyValue | None = None, *, keepdims: int, noop_with_empty_axes: int
    ) -> AnyValue:
        wanted = [] if axes is None else [axis % x.rank for axis in numbers(axes)]
        if not wanted and noop_with_empty_axes:
            return pointwise(ONLY_ELEMENTWISE.get(name, tf.identity), x)
        wide = activation(widened(x))
        return as_dtype(reduce(function, wide, wanted or range(x.rank), bool(keepdims)), x.dtype)


for _name, _function in REDUCTIONS.items():
    _register(_name, _function)


@op("ArgMax")
def arg_max(x: AnyValue, *, axis: int, keepdims: int, select_last_index: int) -> Value:
    """Position of the largest element."""
    where = _where_equal(tf.reduce_max, x, axis)
    return _position(tf.argmax, where or x, axis, (bool(keepdims), bool(select_last_index)))


@op("ArgMin")
def arg_min(x: AnyValue, *, axis: int, keepdims: int, select_last_index: int) -> Value:
    """Position of the smallest element."""
    where = _where_equal(tf.reduce_min, x, axis)
    function = tf.argmin if where is None else tf.argmax
    return _position(function, where or x, axis, (bool(keepdims), bool(select_last_index)))


def _where_equal(extreme: Reduction, x: AnyValue, axis: int) -> AnyValue | None:
    """Ones where 64-bit integers, of which TFLite has no ARG_MAX, are the extreme ones."""
    wide = widened(x)
    if wide.dtype != np.int64:
        return None
    found = reduce(extreme, activation(wide), [axis % x.rank], keepdims=True)
    return as_dtype(pointwise(tf.equal, wide, found), np.int32)


def _position(
    function: Callable[..., Any], x: AnyValue, axis: int, how: tuple[bool, bool]
) -> Value:
    keepdims, last = how
    axis %= x.rank
    exposed = expose(activation(widened(x)), [axis])
    dim = exposed.where[axis]
    tensor = tf.reverse(exposed.tensor, [dim]) if last else exposed.tensor
    found = function(tensor, dim, output_type=tf.int64)
    if last:
        found = tf.constant((x.shape[axis] or 0) - 1, tf.int64) - found
    groups = [group for i, group in enumerate(exposed.groups) if i != dim]
    gone = [()] if keepdims else []
    axes = (*exposed.axes[:axis], *gone, *exposed.axes[axis + 1 :])
    return Value(Storage([Form(found, flatten(groups))]), axes)


@op("CumSum")
def cum_sum(x: AnyValue, axis: AnyValue, *, exclusive: int, reverse: int) -> AnyValue:
    """Running sum along an axis."""
    where = numbers(axis)[0] % x.rank
    sums = along(
        activation(widened(x)),
        [where],
        lambda t, dims: tf.cumsum(t, dims[0], bool(exclusive), bool(reverse)),
    )
    return as_dtype(sums, x.dtype)


@op("CumProd")
def cum_prod(x: AnyValue, axis: AnyValue, *, exclusive: int, reverse: int) -> Value:
    """Running product along an axis; each step multiplies over twice the distance."""
    where = numbers(axis)[0] % x.rank
    size = x.shape[where]
    if size is None:
        raise FreeSize("the multiplied axis has a free size")

    def running(t: Tensor, dims: Sequence[int]) -> Tensor:
        (dim,) = dims
        t = tf.reverse(t, [dim]) if reverse else t
        t = _shifted(t, dim, 1) if exclusive else t
        for power in range((size - 1).bit_length()):
            t = t * _shifted(t, dim, 1 << power)
        return tf.reverse(t, [dim]) if reverse else t

    return along(activation(x), [where], running)


def _shifted(t: Tensor, dim: int, count: int) -> Tensor:
    """Move elements on along a dimension; ones follow."""
    index = [slice(None)] * dim
    ones = tf.ones_like(t[(*index, slice(count))])
    return tf.concat([ones, t[(*index, slice(-count))]], dim)
