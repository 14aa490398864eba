"""Counts values whose range is not known beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 2048
"""Most bins of a histogram; at least half as many are used, but where values need fewer."""

# A float32 has 24 binary digits: finer bins than the last of them tell nothing apart.
_DIGITS = 24
_SMALLEST = -149


@dataclass(slots=True)
class Histogram:
    """Counts over bins that begin at the multiples of a power of two.

    Where a value lies outside, bins are doubled in width, two becoming one, until all values fit
    into `BINS` of them. Since bins of any width begin at multiples of it, counts are the same in
    whatever order values come, and zero always begins a bin.

    Attributes:
        exponent: Bins are 2**exponent wide.
        first: The first bin begins at first × 2**exponent.
        counts: [bins] int64; empty as long as nothing was counted.
    """

    exponent: int = _SMALLEST
    first: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def width(self) -> float:
        """Of a bin."""
        return math.ldexp(1.0, self.exponent)

    @property
    def centres(self) -> NDArray[np.float64]:
        """[bins] middle of each."""
        return np.asarray((self.first + np.arange(len(self.counts)) + 0.5) * self.width)

    def add(self, values: NDArray[np.float32]) -> None:
        """Count finite values."""
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        self._widen(low, high)
        bins = np.floor(np.ldexp(values.astype(np.float64), -self.exponent)).astype(np.int64)
        self._reach(int(bins.min()), int(bins.max()))
        self.counts += np.bincount(bins - self.first, minlength=len(self.counts))

    def _widen(self, low: float, high: float) -> None:
        """Double the bins until those from the lowest to the highest are few enough."""
        while True:
            first, last = _bin(low, self.exponent), _bin(high, self.exponent)
            if self.counts.size:
                first = min(first, self.first)
                last = max(last, self.first + len(self.counts) - 1)
            if last - first < BINS and max(abs(first), abs(last)) < 1 << _DIGITS:
                return
            self._double()

    def _double(self) -> None:
        if self.counts.size:
            odd = self.first % 2
            length = odd + len(self.counts)
            padded = np.pad(self.counts, (odd, length % 2))
            self.counts = padded.reshape(-1, 2).sum(axis=1)
        self.first //= 2
        self.exponent += 1

    def _reach(self, first: int, last: int) -> None:
        """Add empty bins at the ends."""
        if not self.counts.size:
            self.first, self.counts = first, np.zeros(last - first + 1, np.int64)
            return
        before = max(self.first - first, 0)
        after = max(last - (self.first + len(self.counts) - 1), 0)
        if before or after:
            self.first -= before
            self.counts = np.pad(self.counts, (before, after))


def _bin(value: float, exponent: int) -> int:
    return math.floor(math.ldexp(value, -exponent))
