"""Figures of scores that rank samples, over resamples of them; equal scores are one threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def average_precision_of_scores(
    scores: NDArray[np.floating], truths: NDArray[np.bool_], weights: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Sum the precision at each threshold times the recall gained there, as scikit-learn does.

    Args:
        scores: [n, labels].
        truths: [n, labels].
        weights: [b, n] how often each sample occurs in each resample.

    Returns:
        [b, labels]; NaN where a resample holds no sample of the label.
    """
    pairs = zip(scores.T, truths.T, strict=True)
    found = [_average_precision(*pair, weights) for pair in pairs]
    return np.stack(found, 1)


def _average_precision(
    scores: NDArray[np.floating], truths: NDArray[np.bool_], weights: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Compute that of one label, [n], for each resample: [b]."""
    order = np.argsort(-scores, kind="stable")
    drawn = weights[:, order].astype(np.float64)
    # Only where a score is the last of its kind is there a threshold.
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    seen = np.cumsum(drawn, 1)[:, ends]
    right = np.cumsum(drawn * truths[order], 1)[:, ends]
    gained = np.diff(right, axis=1, prepend=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(seen > 0, right / seen, 0)
        return np.asarray((gained * precision).sum(1) / right[:, -1])
