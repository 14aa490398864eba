"""Verification and retrieval of samples that are compared with each other, over resamples.

A resample draws sample i w_i times. A pair (i, j) then counts w_i · w_j times, and copies of one
sample are never compared. Scores are sorted once; each resample only sums products of counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_PAIRS = 2_000_000
"""Those of 2,000 samples: four times the work of 1,000, whose resamples take seconds."""

FIRST_LOOK = 32
"""Neighbours that are looked at first; mostly the nearest of a sample's own is among them."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of samples.

    Attributes:
        first: [m] number of a sample.
        second: [m] number of another.
        scores: [m] how alike the two are.
        same: [m] whether they are to be alike.
    """

    first: NDArray[np.integer]
    second: NDArray[np.integer]
    scores: NDArray[np.float64]
    same: NDArray[np.bool_]


def all_pairs(count: int) -> NDArray[np.intp]:
    """List every two of so many samples: [m, 2]."""
    return np.stack(np.triu_indices(count, 1), 1)


def verification(
    pairs: Pairs, weights: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the area under the ROC curve and the equal error rate for each resample.

    The curve is piecewise linear, as scikit-learn's: it has a corner at each distinct score of a
    pair that is to be alike, and at the scores just above it. The equal error rate is where it
    meets the line on which both kinds err alike.

    Args:
        pairs: To tell apart.
        weights: [b, n] how often each sample occurs in each resample.

    Returns:
        Two arrays [b]; NaN where a resample holds only one kind of pair.
    """
    drawn = np.asarray(weights.any(0))
    kept = drawn[pairs.first] & drawn[pairs.second]
    alike, unlike = (_Kind.of(pairs, kept & each) for each in (pairs.same, ~pairs.same))
    levels = np.unique(alike.scores)[::-1]
    steps = [_segments(alike.scores, levels), _segments(unlike.scores, levels)]
    found = np.full((2, len(weights)), np.nan)
    for b, weight in enumerate(np.asarray(weights, np.int32)):
        right, wrong = (
            kind.counted(weight, each) for kind, each in zip((alike, unlike), steps, strict=True)
        )
        if right[-1] and wrong[-1]:
            found[:, b] = _area_and_equal_error(right / right[-1], wrong / wrong[-1])
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class _Kind:
    """The pairs of one kind, the most alike first: numbers of their samples, and scores."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    scores: NDArray[np.float64]

    @classmethod
    def of(cls, pairs: Pairs, kept: NDArray[np.bool_]) -> _Kind:
        places = np.flatnonzero(kept)
        order = places[np.argsort(-pairs.scores[places], kind="stable")]
        first, second = pairs.first[order], pairs.second[order]
        return cls(first.astype(np.intp), second.astype(np.intp), pairs.scores[order])

    def counted(self, weight: NDArray[np.int32], ends: NDArray[np.intp]) -> NDArray[np.int64]:
        """Count for one resample the pairs before each of some places."""
        products = np.take(weight, self.first)
        products *= np.take(weight, self.second)
        counts = np.zeros(len(ends), np.int64)
        starts = np.concatenate(([0], ends[:-1]))
        filled = np.flatnonzero(ends > starts)
        if filled.size:
            # Between the starts of those that are not empty lies nothing of the others.
            counts[filled] = np.add.reduceat(products[: ends[-1]], starts[filled])
        return np.cumsum(counts)


def _segments(scores: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find the corners of the curve: how many scores [m], falling, lie above, then at, each level.

    Returns:
        [2 · levels + 1] places: above and from the first level, …, and all.
    """
    above = np.searchsorted(-scores, -levels, "left")
    at = np.searchsorted(-scores, -levels, "right")
    return np.append(np.stack((above, at), 1).ravel(), len(scores))


def _area_and_equal_error(
    right: NDArray[np.float64], wrong: NDArray[np.float64]
) -> tuple[float, float]:
    """Measure a curve by its corners after (0, 0): shares of either kind that are accepted."""
    right, wrong = np.concatenate(([0], right)), np.concatenate(([0], wrong))
    area = float((np.diff(wrong) * (right[1:] + right[:-1])).sum() / 2)
    # Rises from −1 to 1: what is accepted wrongly less what is refused wrongly.
    gap = wrong + right - 1
    after = int(np.argmax(gap >= 0))
    share = gap[after] / (gap[after] - gap[after - 1])
    return area, float(wrong[after] - share * (wrong[after] - wrong[after - 1]))


def recall_at(
    places: Sequence[int],
    alike: NDArray[np.float64],
    identities: NDArray[np.integer],
    weights: NDArray[np.integer],
) -> list[NDArray[np.float64]]:
    """Compute for each resample the share of samples that find one of their own among the nearest.

    A sample is looked for among the others that are drawn, each as often as it is; itself and its
    copies are not among them. Those that have none of their own there do not count. Of equally
    near ones a stranger comes first, so that a model that tells nothing apart finds nothing.

    Args:
        places: How many of the nearest are looked at.
        alike: [n, n] how near each two are.
        identities: [n] whose each is.
        weights: [b, n] how often each sample occurs in each resample.

    Returns:
        For each of `places` [b]; NaN where no sample counts.
    """
    drawn = np.flatnonzero(weights.any(0))
    alike, identities = alike[np.ix_(drawn, drawn)], identities[drawn]
    counts = np.ascontiguousarray(weights[:, drawn].T, dtype=np.int32)
    found, whole = np.zeros((len(places), len(weights))), np.zeros(len(weights))
    for number in range(len(drawn)):
        own = identities == identities[number]
        own[number] = False
        if not own.any():
            continue
        counted = counts[number] * counts[own].any(0)
        whole += counted
        strangers = _strangers_before(number, alike[number], own, counts, max(places))
        found += counted * (strangers < np.asarray(places)[:, np.newaxis])
    with np.errstate(invalid="ignore"):
        return list(found / whole)


def _strangers_before(
    number: int,
    alike: NDArray[np.float64],
    own: NDArray[np.bool_],
    counts: NDArray[np.int32],
    enough: int,
) -> NDArray[np.int32]:
    """Count the strangers nearer than the nearest of a sample's own, for each resample: [b].

    Only as many neighbours are looked at as it takes to know this, or to know that there are
    `enough`.
    """
    order = np.lexsort((own, -alike))
    order = order[order != number]
    looked = FIRST_LOOK
    while True:
        near = order[:looked]
        mine = own[near][:, np.newaxis]
        drawn = counts[near]
        before = np.cumsum(np.where(mine, 0, drawn), 0)
        hit = mine & (drawn > 0)
        met = hit.any(0)
        strangers = np.where(met, before[hit.argmax(0), np.arange(drawn.shape[1])], before[-1])
        if looked >= len(order) or (met | (strangers >= enough)).all():
            return np.asarray(np.where(met, strangers, np.maximum(strangers, enough)), np.int32)
        looked *= 4
