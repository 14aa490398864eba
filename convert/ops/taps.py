"""Reads maps at computed places: as gathers of neighbours, each with its weight."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor

SMOOTH = ("linear", "bilinear")
CUBIC = ("cubic", "bicubic")
MODES = (*SMOOTH, *CUBIC, "nearest")
CUBIC_A = -0.75  # of the convolution kernel; ONNX GridSample-22 fixes it

WHOLE_FLOATS = 2**24
"""Up to here float32 holds every whole number. XNNPACK computes in it, and not in int32."""


Extent = int | Tensor
"""The size of an axis: a number, or a scalar int32 tensor where it is free."""


@dataclass(frozen=True, slots=True)
class Tap:
    """One neighbour along one axis: its index, whole numbers, and its weight, None for 1."""

    index: Any
    weight: Any = None


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis that is read: its size, and the neighbours of every place."""

    size: Extent
    taps: Sequence[Tap]


def as_float(size: Extent) -> Any:
    """A size to compute places with."""
    return float(size) if isinstance(size, int) else tf.cast(size, tf.float32)


def neighbours(where: Tensor, mode: str) -> list[tuple[Tensor, Any]]:
    """The whole positions that a place is read from, with their weights."""
    if mode == "nearest":
        return [(tf.round(where), None)]
    low = tf.floor(where)
    part = where - low
    if mode in SMOOTH:
        return [(low, 1.0 - part), (low + 1.0, part)]
    return [(low + float(i), _cubic(tf.abs(part - float(i)))) for i in range(-1, 3)]


def _cubic(distance: Tensor) -> Tensor:
    """Keys' cubic convolution (1981, eq. 4) at distances from 0 to 2."""
    a, d = CUBIC_A, distance
    near = ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
    far = ((d - 5.0) * d + 8.0) * d * a - 4.0 * a
    return tf.where(d <= 1.0, near, far)


def clamped(where: Tensor, size: Extent) -> Tensor:
    """The nearest position inside the axis."""
    return tf.minimum(tf.maximum(where, 0.0), as_float(size) - 1.0)


def zero_outside(where: Tensor, weight: Any, size: Extent) -> Tap:
    """A neighbour that counts as zero beyond the ends of its axis."""
    inside = clamped(where, size)
    shown = tf.cast(tf.equal(where, inside), tf.float32)
    return Tap(inside, shown if weight is None else weight * shown)


def starts(count: Extent, rank: int) -> Any:
    """Number of every map of a batch, to go with places of some rank; None for a single map."""
    if isinstance(count, int):
        return None if count == 1 else np.arange(count).reshape(count, *[1] * rank)
    return tf.reshape(tf.range(count), [-1, *[1] * rank])


def read(table: Tensor, start: Any, axes: Sequence[Axis]) -> Iterator[Tensor]:
    """Give every combination of neighbours, weighted.

    Args:
        table: Rows of channels, [..., C] of all axes in order, flattened to two dimensions.
        start: Number of the map that is read; broadcasts against the places. None for the first.
        axes: The axes of a map, the innermost last.
    """
    rows = table.shape[0]
    number = tf.float32 if rows is not None and rows <= WHOLE_FLOATS else tf.int32
    for corner in itertools.product(*(axis.taps for axis in axes)):
        index = None if start is None else tf.cast(start, number)
        for axis, tap in zip(axes, corner, strict=True):
            along = tf.cast(tap.index, number)
            index = along if index is None else index * axis.size + along
        value = tf.gather(table, tf.cast(index, tf.int32), axis=0)
        weights = [tap.weight for tap in corner if tap.weight is not None]
        if weights:
            value = value * tf.expand_dims(functools.reduce(operator.mul, weights), -1)
        yield value
