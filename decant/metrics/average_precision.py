"""Average precision from detections that are already matched, over resampled images.

Precision is needed at true positives only, and they are few: one running count over all detections
serves every overlap threshold, the rest works on arrays as long as the list of matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECALLS = np.linspace(0, 1, 101)
"""Where COCO reads the precision."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """All detections of one label, best score first.

    Attributes:
        images: [d] index of the image each lies on.
        matched: [l, d] whether it is right, for each of l criteria (overlap thresholds).
        ignored: [l, d] whether it does not count.
        positives: [n] number of true objects per image.
    """

    images: NDArray[np.integer]
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    positives: NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class _Criterion:
    """The matches of a ranking under one criterion.

    Attributes:
        images: [m] index of the image of each match.
        places: [m] its index in the ranking.
        ignored_images: [i] index of the image of each detection that does not count.
        ignored_before: [m] how many such detections stand before the match.
    """

    images: NDArray[np.integer]
    places: NDArray[np.intp]
    ignored_images: NDArray[np.integer]
    ignored_before: NDArray[np.intp]


def average_precision(ranking: Ranking, weights: NDArray[np.integer]) -> NDArray[np.float64]:
    """Compute COCO's 101-point average precision for each resample of the images.

    Args:
        ranking: Of one label.
        weights: [b, n] how often each image occurs in each resample.

    Returns:
        [l, b] fractions; NaN where a resample holds no true object.
    """
    criteria = [
        _criterion(ranking.images, matched, ignored)
        for matched, ignored in zip(ranking.matched, ranking.ignored, strict=True)
    ]
    result = np.full((len(criteria), len(weights)), np.nan)
    for b, weight in enumerate(weights):
        positives = int(weight @ ranking.positives)
        if positives:
            seen = np.cumsum(weight[ranking.images])
            result[:, b] = [_area(criterion, weight, seen, positives) for criterion in criteria]
    return result


def _criterion(
    images: NDArray[np.integer], matched: NDArray[np.bool_], ignored: NDArray[np.bool_]
) -> _Criterion:
    places, passed_over = np.flatnonzero(matched), np.flatnonzero(ignored)
    before = np.searchsorted(passed_over, places)
    return _Criterion(images[places], places, images[passed_over], before)


def _area(
    criterion: _Criterion,
    weight: NDArray[np.integer],
    seen: NDArray[np.integer],
    positives: int,
) -> float:
    """Average the precision of one resample.

    An image that is drawn twice brings its matches twice, side by side in the ranking; precision
    rises over them, so that its value after the last one is all that COCO's curve keeps.

    Args:
        criterion: What counts as right.
        weight: [n] how often each image occurs.
        seen: [d] running number of detections down the ranking.
        positives: Number of true objects in the resample.
    """
    right = np.cumsum(weight[criterion.images])
    counted = seen[criterion.places]
    if criterion.ignored_images.size:
        passed_over = np.cumsum(weight[criterion.ignored_images])
        counted = counted - np.concatenate(([0], passed_over))[criterion.ignored_before]
    # A match on an image that was not drawn may have nothing counted before it.
    precision = right / np.maximum(counted, 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(right / positives, RECALLS)
    reached = reached[: np.searchsorted(reached, len(right))]
    return float(best_from_here[reached].sum() / len(RECALLS))
