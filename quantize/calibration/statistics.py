"""What one activation does over samples, gathered in one pass."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .histogram import Histogram

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

COUNTED_VALUES = 1 << 15
"""Values that go into the histogram per sample, evenly spaced if it has more."""

# Up to its hundredth sample a moving average is the mean of all.
_LEAST_SHARE = 0.01


@dataclass(slots=True)
class Statistics:
    """What one activation did over the samples so far.

    Attributes:
        low: Smallest value; NaN if it was NaN or infinite on some sample.
        high: Largest value; likewise.
        average_low: Moving average of each sample's smallest value.
        average_high: Moving average of each sample's largest value.
        samples: How many there were.
        zeros: How many of the counted values were exactly zero, which int8 holds exactly.
        histogram: Of the other counted values.
    """

    low: float = math.inf
    high: float = -math.inf
    average_low: float = 0.0
    average_high: float = 0.0
    samples: int = 0
    zeros: int = 0
    histogram: Histogram = field(default_factory=Histogram)

    @classmethod
    def of(cls, *samples: NDArray[Any]) -> Statistics:
        """Gather those of some samples."""
        found = cls()
        for sample in samples:
            found.add(np.asarray(sample, np.float32))
        return found

    @property
    def usable(self) -> bool:
        """Whether it was finite throughout."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def add(self, value: NDArray[np.float32]) -> None:
        """Take in the activation of one sample, which is not empty."""
        low, high = float(value.min()), float(value.max())
        self.samples += 1
        if not (math.isfinite(low) and math.isfinite(high)):
            low = high = math.nan
        # Unlike min and max, these keep NaN whichever side it is on.
        self.low = float(np.minimum(self.low, low))
        self.high = float(np.maximum(self.high, high))
        if not self.usable:
            return
        share = max(1 / self.samples, _LEAST_SHARE)
        self.average_low += share * (low - self.average_low)
        self.average_high += share * (high - self.average_high)
        counted = _spaced(value)
        others = counted[counted != 0]
        self.zeros += counted.size - others.size
        self.histogram.add(others)

    def above(self, bound: float) -> Statistics:
        """Give what they are where lower values become the bound, which is at most zero."""
        if bound <= self.low:
            return self
        cut = copy.deepcopy(self.histogram)
        edge = max(math.floor(bound / cut.width) - cut.first, 0)
        below, cut.counts = int(cut.counts[:edge].sum()), cut.counts[edge:].copy()
        cut.first += edge
        if bound < 0 and cut.counts.size:
            cut.counts[0] += below
        return replace(
            self,
            low=max(self.low, bound),
            high=max(self.high, bound),
            average_low=max(self.average_low, bound),
            average_high=max(self.average_high, bound),
            zeros=self.zeros + (below if bound == 0 else 0),
            histogram=cut,
        )


def _spaced(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pick values evenly, with a step that visits every channel."""
    step = -(-value.size // COUNTED_VALUES)
    channels = value.shape[-1] if value.ndim else 1
    while math.gcd(step, channels) > 1:
        step += 1
    return value.ravel()[::step]
