"""Finds the integers that float weights were made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

LARGEST = 127
"""The largest of the symmetric int8 numbers."""

LARGEST_SUM = 254
"""The largest sum of two of them: a byte less its zero point may be as large."""

SPAN = 255
"""From the least to the largest number of a byte."""

OFF = 1e-4
"""How far a weight may be from an integer: two roundings of single precision, of up to 254."""

PROBED = 16
"""Weights of a row that are looked at first."""


@dataclass(frozen=True, slots=True)
class Integers:
    """Weights as whole numbers of a scale, or of one per index of an axis.

    Attributes:
        values: As the weights lie, int16.
        scales: float32; one, or one per index of `axis`.
        axis: Along which the scales lie.
        zero_points: As many as scales; None for zeros.
    """

    values: Array
    scales: Array
    axis: int
    zero_points: Array | None = None


def lossless(weights: Array, axes: Sequence[int], largest: int = LARGEST) -> Integers | None:
    """Write weights as whole multiples of a scale.

    The scale is the largest that does, divided as far as the integers stay below `largest`: a bias
    is stored in the same scale.

    Args:
        weights: Any shape, float32.
        axes: Axes along which scales may differ, to be tried in turn if one scale does not do.
        largest: The largest integer that may be.

    Returns:
        The integers; None if no scale does.
    """
    whole = _of_rows(weights.reshape(1, -1), largest)
    if whole is not None:
        return Integers(whole[0].reshape(weights.shape), whole[1], 0)
    for axis in axes:
        moved = np.moveaxis(weights, axis, 0)
        found = _of_rows(moved.reshape(len(moved), -1), largest)
        if found is not None:
            values = np.moveaxis(found[0].reshape(moved.shape), 0, axis)
            return Integers(np.ascontiguousarray(values), found[1], axis)
    return None


def _of_rows(rows: Array, largest: int) -> tuple[Array, Array] | None:
    """Integers [C, n] and scales [C] of rows [C, n]."""
    if not rows.size or not np.isfinite(rows).all():
        return None
    tops = np.abs(rows).max(1).astype(np.float64)
    tops[tops == 0.0] = 1.0
    probes = rows[:, :: max(rows.shape[1] // PROBED, 1)] / tops[:, None]
    counts = np.zeros(len(rows), np.int64)
    for count in range(1, largest + 1):
        open_rows = np.flatnonzero(counts == 0)
        likely = open_rows[_whole(probes[open_rows] * count)]
        exact = [i for i in likely if _whole(rows[i : i + 1] / tops[i] * count)[0]]
        counts[exact] = count
        if counts.all():
            counts *= largest // counts
            scales = tops / counts
            return np.rint(rows / scales[:, None]).astype(np.int16), scales.astype(np.float32)
    return None


def _whole(rows: Array) -> Array:
    """Which rows hold nothing but integers."""
    return np.abs(rows - np.rint(rows)).max(1) < OFF  # type: ignore[no-any-return]


def halves(integers: Integers) -> list[Array]:
    """The weights as one array of int8, or as two whose sum they are."""
    first = np.clip(integers.values, -LARGEST, LARGEST)
    second = integers.values - first
    return [first, second] if second.any() else [first]


def as_bytes(integers: Integers) -> Integers | None:
    """Integers of 9 bits as int8 with zero points; None where they span more than a byte."""
    moved = np.moveaxis(integers.values, integers.axis, 0)
    rows = moved.reshape(len(integers.scales), -1)
    low, high = np.minimum(rows.min(1), 0), rows.max(1)
    if (high - low).max() > SPAN:
        return None
    zeros = -128 - low
    values = np.moveaxis((rows + zeros[:, None]).reshape(moved.shape), 0, integers.axis)
    return Integers(np.ascontiguousarray(values), integers.scales, integers.axis, zeros)
