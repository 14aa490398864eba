"""Cuts an output into slices and tells which of them hold values of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

# Where the next smaller range is less than an eighth, another kind of value begins: under one scale
# it has 32 of the 256 steps of int8 or fewer.
GAP = 8.0
# So many slices of a kind and more, such as a feature map's channels or rows, are told apart by no
# reader; of fewer, each is an answer of its own.
MANY_SLICES = 16
# Up to this, relative to a slice's own size, a range is rounding that the converter allows too.
CONSTANT = 1e-5
# Up to this, relative to the output's size, it is that of float32.
ROUNDING = 1e-7
# Runs of indices that a name lists before it breaks off.
LISTED_RUNS = 4


@dataclass(frozen=True, slots=True)
class Slices:
    """What the float file's values are in every slice along one axis, over all samples.

    Attributes:
        axis: That is cut, in ONNX order; None where the output is one slice.
        rank: Of the output.
        count: Values in each slice.
        low: [slices] smallest value.
        high: [slices] largest value.
        square: [slices] mean of the squares.
        variance: [slices] of the values around the slice's own mean.
        live: [slices] whether the slice varies at all.
    """

    axis: int | None
    rank: int
    count: int
    low: Array
    high: Array
    square: Array
    variance: Array
    live: Array

    @classmethod
    def of(cls, arrays: Sequence[Array], axis: int | None) -> Slices:
        """Take the values of an output, per sample, apart along an axis of one size in all."""
        low = np.min([_over(np.minimum, array, axis) for array in arrays], axis=0)
        high = np.max([_over(np.maximum, array, axis) for array in arrays], axis=0)
        count = sum(array.size for array in arrays) // low.size
        # Around the middle of the range, so that a large mean costs no digits.
        middle = (low + high) / 2
        shifted = [array - _spread(middle, axis, array.ndim) for array in arrays]
        total = sum(_over(np.add, each, axis) for each in shifted)
        squares = sum(_over(np.add, np.square(each), axis) for each in shifted)
        variance = np.maximum(squares - total**2 / count, 0.0) / max(count - 1, 1)
        mean = middle + total / count
        size = np.maximum(np.abs(low), np.abs(high))
        floor = np.maximum(CONSTANT * size, ROUNDING * size.max())
        return cls(
            axis=axis,
            rank=arrays[0].ndim,
            count=count,
            low=low,
            high=high,
            square=mean**2 + variance,
            variance=variance,
            live=high - low > floor,
        )

    @property
    def span(self) -> Array:
        """[slices] largest value less the smallest."""
        return self.high - self.low

    def mean_square(self, differences: Iterable[Array]) -> Array:
        """[slices] mean square of differences from the float file's values."""
        total = sum(_over(np.add, np.square(each), self.axis) for each in differences)
        return np.asarray(total) / self.count

    def values(self, array: Array, members: Array) -> Array:
        """Pick the values of some slices out of an output."""
        return array.ravel() if self.axis is None else np.take(array, members, self.axis).ravel()

    def name(self, members: Array) -> str:
        """Write some slices as NumPy cuts them out, such as "[:, 4:7, :]"; "" for all there are."""
        if self.axis is None or len(members) == len(self.low):
            return ""
        cuts = [":"] * self.rank
        cuts[self.axis] = _indices(members)
        return f"[{', '.join(cuts)}]"


@dataclass(frozen=True, slots=True)
class Group:
    """Slices of one kind of value.

    Attributes:
        members: Their indices.
        probabilities: Whether all values lie in 0…1, so that slices share a unit however little
            of it each of them has used.
    """

    members: Array
    probabilities: bool = False


def groups_of(slices: Slices) -> list[Group]:
    """Group the slices that vary by kind of value.

    Slices whose values all lie in 0…1 are one kind, with the classes among them that never came up,
    unless another slice's range is near theirs: then 0…1 is no unit but an accident, as among the
    channels of a feature map. Many slices that end at 0 exactly are one kind, since they have been
    through one ReLU. Otherwise a kind ends where the next range leaves a gap.
    """
    live = np.flatnonzero(slices.live)
    inside = live[(slices.low[live] >= 0) & (slices.high[live] <= 1)]
    others = np.setdiff1d(live, inside)
    if not inside.size:
        return _chains(slices, live)
    largest = slices.span[inside].max()
    near = (slices.span[others] < largest * GAP) & (slices.span[others] > largest / GAP)
    if near.any():
        return _chains(slices, live)
    return [*_chains(slices, others), Group(inside, probabilities=True)]


def _chains(slices: Slices, members: Array) -> list[Group]:
    """Part slices wherever the next smaller range leaves a gap."""
    if not members.size:
        return []
    cut_off = slices.low[members] == 0
    if cut_off.sum() >= MANY_SLICES:
        return [Group(members[cut_off]), *_chains(slices, members[~cut_off])]
    order = members[np.argsort(-slices.span[members], kind="stable")]
    spans = slices.span[order]
    cuts = np.flatnonzero(spans[:-1] > GAP * spans[1:]) + 1
    return [Group(np.sort(part)) for part in np.split(order, cuts)]


def _over(reduction: np.ufunc, array: Array, axis: int | None) -> Array:
    """Reduce all axes but one; [slices], or [1] without an axis."""
    others = tuple(each for each in range(array.ndim) if each != axis)
    return np.atleast_1d(reduction.reduce(array, axis=others, dtype=np.float64))


def _spread(values: Array, axis: int | None, rank: int) -> Array:
    """Give values per slice the rank of an output."""
    shape = [1] * rank
    if axis is not None:
        shape[axis] = -1
    return values.reshape(shape)


def _indices(members: Array) -> str:
    """Write sorted indices as a slice, or as a list of runs."""
    steps = np.diff(members)
    if not steps.size:
        return str(members[0])
    if (steps == steps[0]).all():
        step = "" if steps[0] == 1 else f":{steps[0]}"
        return f"{members[0]}:{members[-1] + 1}{step}"
    runs = np.split(members, np.flatnonzero(steps > 1) + 1)
    listed = [str(run[0]) if len(run) == 1 else f"{run[0]}:{run[-1] + 1}" for run in runs]
    if len(listed) > LISTED_RUNS:
        listed = [*listed[:LISTED_RUNS], f"… {len(members)} in all"]
    return f"[{', '.join(listed)}]"
