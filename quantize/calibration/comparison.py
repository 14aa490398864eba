"""Which calibrator's range of an activation does least harm on other samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .calibrators import squared_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .calibrators import Range
    from .statistics import Statistics

# Errors that differ by less say nothing of yet other samples.
EQUAL = 0.1


def local_error(seen: Statistics, span: Range) -> float:
    """Expected mean squared error that 8 bits over a range make of an activation.

    Args:
        seen: What it does on samples that the range was not made from.
        span: Low and high.
    """
    counted = int(seen.histogram.counts.sum()) + seen.zeros
    low, high = (np.asarray(end, np.float64) for end in span)
    return float(squared_error(seen.histogram, low, high)) / max(counted, 1)


def least_error(seen: Statistics, held_out: Statistics, spans: Mapping[str, Range]) -> str:
    """Name the calibrator whose range has the least error, of nearly equal ones the safest.

    The larger of two errors counts: that on samples that the range was not made from, and that on
    the others, which are more and so show what clipping does to rare values.

    Args:
        seen: Over the samples that the ranges are made from.
        held_out: Over other samples.
        spans: Calibrator's name → range, the safest first.
    """
    errors = {
        name: max(local_error(seen, span), local_error(held_out, span))
        for name, span in spans.items()
    }
    least = min(errors.values()) * (1 + EQUAL)
    return next(name for name, error in errors.items() if error <= least)
