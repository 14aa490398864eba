"""Distinct elements, found by comparing all with all: TFLite sorts and counts no such thing."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Value, activation
from ..lowering.registry import op
from .indexing import fixed_sizes

COMPARED = 1 << 24
"""Comparisons of elements up to which all are made (64 MB of int32)."""


@op("Unique")
def unique(x: AnyValue, *, axis: int | None, sorted: int) -> tuple[Value, ...]:
    """Distinct elements of x, or slices along an axis.

    With the place where each occurs first, the number of each element's own, and how often it
    occurs, all int64.
    """
    shape = fixed_sizes(x)
    count = math.prod(shape) if axis is None else shape[axis]
    width = math.prod(shape) // max(count, 1)
    if count * count * width > COMPARED:
        raise Refused(
            f"{count} rows of {width} elements are too many to compare with one another",
            "find the distinct elements outside the model",
        )
    if axis is None:
        rows = tf.reshape(x.plain(), [count, 1])
    else:
        axis %= x.rank
        others = [i for i in range(x.rank) if i != axis]
        rows = activation(x).arrange((axis,), others)
    places, rank, counts = _distinct(rows, bool(sorted))
    found = tf.gather(rows, places)
    integers = (Value.laid_out(tf.cast(t, tf.int64)) for t in (places, rank, counts))
    if axis is None:
        return (Value.laid_out(tf.reshape(found, [-1])), *integers)
    order = [axis, *others]
    split = Value.laid_out(tf.reshape(found, [-1, *(shape[i] for i in others)]))
    return (split.transpose([order.index(i) for i in range(x.rank)]), *integers)


def _distinct(rows: Tensor, ordered: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Where each distinct row occurs first, which one each row is, and how many of each there are.

    Args:
        rows: [n, width].
        ordered: Whether the smaller row comes before; else that which occurs before.
    """
    n = rows.shape[0]
    same, below = _compared(rows)
    positions = np.arange(n, dtype=np.int32)
    first = tf.reduce_min(tf.where(same, positions[None], np.int32(n)), 1)
    is_first = tf.equal(first, positions)
    before = below if ordered else tf.expand_dims(first, 0) < tf.expand_dims(first, 1)
    rank = _number(tf.logical_and(before, tf.expand_dims(is_first, 0)))
    firsts = tf.cast(tf.reshape(tf.where(is_first), [-1]), tf.int32)
    place = tf.expand_dims(tf.gather(rank, firsts), 1)
    places = tf.scatter_nd(place, firsts, tf.shape(firsts))
    return places, rank, tf.gather(_number(same), places)


def _number(found: Tensor) -> Tensor:
    return tf.reduce_sum(tf.cast(found, tf.int32), 1)


def _compared(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Whether row j equals row i, and whether it is smaller: the first that differs decides."""
    mine, other = tf.expand_dims(rows, 1), tf.expand_dims(rows, 0)
    if rows.shape[1] == 1:
        return tf.equal(other, mine)[..., 0], tf.less(other, mine)[..., 0]
    differs = tf.not_equal(other, mine)
    where = tf.argmax(tf.cast(differs, tf.int32), -1, output_type=tf.int32)
    decides = tf.equal(tf.expand_dims(where, -1), np.arange(rows.shape[1], dtype=np.int32))
    below = tf.reduce_any(tf.logical_and(decides, tf.less(other, mine)), -1)
    return tf.logical_not(tf.reduce_any(differs, -1)), below
