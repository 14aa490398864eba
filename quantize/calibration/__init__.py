"""Calibration: what activations do on samples, and which range that gives each of them.

`histogram` and `statistics` gather in one pass and keep nothing per sample; `calibrators` make
ranges of that, each by a rule of its own; `comparison` tells which does least harm.
"""

from __future__ import annotations

from .calibrators import CALIBRATORS, Calibrator, Range
from .statistics import Statistics

__all__ = ["CALIBRATORS", "Calibrator", "Range", "Statistics"]
