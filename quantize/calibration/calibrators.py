"""Calibrators: each makes the range that an activation's int8 values span from its statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from decant.quantization import CalibratorName

    from .histogram import Histogram
    from .statistics import Statistics

Range: TypeAlias = tuple[float, float]

LEVELS = 255
# Linear near the extremes, where the best range of a bounded activation lies, and down to a
# thousandth of them for one with rare huge values.
_CLIPS = np.unique(np.append(np.linspace(0, 1, 65)[1:], np.geomspace(2**-10, 1 / 64, 17)))
# Stands for the share of a level that holds clipped values alone, lest its divergence be infinite.
_LEAST_SHARE = 1e-9


class Calibrator(Protocol):
    """Makes ranges from statistics; one of a user's own has these two as well."""

    @property
    def name(self) -> str:
        """As a recipe gives it."""

    def range_of(self, seen: Statistics) -> Range:
        """Choose low and high, within what was seen, of an activation that was finite."""


@dataclass(frozen=True, slots=True)
class MinMax:
    """Spans every value seen: nothing is clipped, and one outlier widens all steps."""

    name: CalibratorName = "minmax"

    def range_of(self, seen: Statistics) -> Range:
        """Give the extremes."""
        return seen.low, seen.high


@dataclass(frozen=True, slots=True)
class MovingAverage:
    """Spans what a sample has on average: an outlier sample widens the range by its share only."""

    name: CalibratorName = "moving_average"

    def range_of(self, seen: Statistics) -> Range:
        """Give the averages of the samples' extremes."""
        return seen.average_low, seen.average_high


@dataclass(frozen=True, slots=True)
class Percentile:
    """Leaves out a share of the values on either side, however far out they are.

    Attributes:
        kept: Percentage of values up to each end.
    """

    kept: float = 99.99
    name: CalibratorName = "percentile"

    def range_of(self, seen: Statistics) -> Range:
        """Find the ends by counting from outside; to the outer edge of a bin."""
        histogram = seen.histogram
        edges = (histogram.first + np.arange(len(histogram.counts) + 1)) * histogram.width
        left_out = (1 - self.kept / 100) * (histogram.counts.sum() + seen.zeros)
        below = np.searchsorted(np.cumsum(_with_zeros(seen)), left_out, side="right")
        above = np.searchsorted(np.cumsum(_with_zeros(seen)[::-1]), left_out, side="right")
        low = edges[min(below, len(edges) - 1)]
        high = edges[max(len(edges) - 1 - above, 0)]
        return _within(seen, min(low, 0.0), max(high, 0.0))


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """Clips to the range with the least expected squared error of rounding and clipping."""

    name: CalibratorName = "mse"

    def range_of(self, seen: Statistics) -> Range:
        """Try all pairs of ends on a grid; of equals, the widest."""
        lows = seen.low * _CLIPS[::-1] if seen.low < 0 else np.array([seen.low])
        highs = seen.high * _CLIPS[::-1] if seen.high > 0 else np.array([seen.high])
        errors = squared_error(seen.histogram, lows[:, None], highs[None, :])
        low, high = np.unravel_index(int(np.argmin(errors)), errors.shape)
        return float(lows[low]), float(highs[high])


@dataclass(frozen=True, slots=True)
class Entropy:
    """Clips where the distribution over 255 levels diverges least from the one clipped.

    As TensorRT does (Migacz, 8-bit inference with TensorRT, GTC 2017): thresholds on magnitudes,
    the clipped values in the outermost bins of the reference only, and the levels' counts spread
    over the bins that are not empty.
    """

    name: CalibratorName = "entropy"

    def range_of(self, seen: Statistics) -> Range:
        """Try thresholds down from the largest magnitude; of equals, the largest."""
        largest = max(-seen.low, seen.high, 0.0)
        thresholds = largest * _CLIPS[::-1]
        found = [_divergence(seen.histogram, *_within(seen, -t, t)) for t in thresholds]
        threshold = thresholds[int(np.argmin(found))]
        return _within(seen, -threshold, threshold)


CALIBRATORS: dict[str, Calibrator] = {
    each.name: each for each in (MinMax(), LeastSquares(), Percentile(), Entropy(), MovingAverage())
}
"""By name, those first that clip least where samples to come hold more than those seen."""


def squared_error(
    histogram: Histogram, low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum the expected squared errors of rounding to 255 steps inside a range, clipping outside.

    Args:
        histogram: Of the values, but for exact zeros, which have no error.
        low: Of the ranges; of any shape that goes with `high`.
        high: Likewise.
    """
    step = (np.maximum(high, 0.0) - np.minimum(low, 0.0)) / LEVELS
    below, above = _Beyond(histogram, -1), _Beyond(histogram, 1)
    clipped = below.count(low) + above.count(high)
    inside = histogram.counts.sum() - clipped
    return np.asarray(below.square(low) + above.square(high) + inside * step**2 / 12)


class _Beyond:
    """Sums over the values that lie beyond an end, without going through them for each end."""

    def __init__(self, histogram: Histogram, side: int) -> None:
        """Take the values above an end, or with side -1 below it."""
        centres, counts = side * histogram.centres, histogram.counts.astype(np.float64)
        order = slice(None, None, side)
        self._side, self._centres = side, centres[order]
        powers = (counts, counts * centres, counts * centres**2)
        self._sums = [np.append(np.cumsum(each[order][::-1])[::-1], 0.0) for each in powers]

    def count(self, end: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many values there are."""
        return np.asarray(self._sums[0][self._at(end)])

    def square(self, end: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of their squared distances from the end."""
        at, end = self._at(end), self._side * end
        zeroth, first, second = (each[at] for each in self._sums)
        return np.asarray(np.maximum(second - 2 * end * first + end**2 * zeroth, 0.0))

    def _at(self, end: NDArray[np.float64]) -> NDArray[np.intp]:
        return np.searchsorted(self._centres, self._side * end, side="right")


def _divergence(histogram: Histogram, low: float, high: float) -> float:
    """Compute the Kullback-Leibler divergence of 255 levels from the clipped distribution.

    It tells nothing of fewer bins than levels, which the levels hold exactly.
    """
    centres, counts = histogram.centres, histogram.counts.astype(np.float64)
    inside = (centres >= low) & (centres <= high)
    kept = counts[inside]
    if not kept.any() or len(kept) < min(LEVELS, len(counts)):
        return np.inf
    reference = kept.copy()
    reference[0] += counts[centres < low].sum()
    reference[-1] += counts[centres > high].sum()
    filled = reference > 0
    bottom = min(low, 0.0)
    levels = (centres[inside] - bottom) * (LEVELS / (max(high, 0.0) - bottom))
    level = np.clip(levels, 0, LEVELS - 1).astype(np.int64)
    bins_per_level = np.maximum(np.bincount(level, filled, LEVELS), 1.0)
    spread = (np.bincount(level, kept, LEVELS) / bins_per_level)[level][filled]
    p = reference[filled] / reference.sum()
    q = np.maximum(spread / spread.sum(), _LEAST_SHARE)
    return float((p * np.log(p / q)).sum())


def _with_zeros(seen: Statistics) -> NDArray[np.int64]:
    """Count exact zeros in the bin that begins with zero, or the one nearest to it."""
    counts = seen.histogram.counts.copy()
    if counts.size:
        counts[min(max(-seen.histogram.first, 0), len(counts) - 1)] += seen.zeros
    return counts


def _within(seen: Statistics, low: float, high: float) -> Range:
    """Keep a range inside what was seen."""
    return max(float(low), seen.low), min(float(high), seen.high)
