"""Assigns detections to true objects, as COCO's evaluation does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""The overlaps of AP@[.50:.95]."""

MAX_DETECTIONS = 100
"""Per image and label; COCO leaves out the rest."""


def match(
    overlaps: NDArray[np.float64], crowd: NDArray[np.bool_], thresholds: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give each detection, best score first, the object it overlaps most that is still free.

    Source: `COCOeval.evaluateImg` of pycocotools 2.0.

    Args:
        overlaps: [d, g], detections in order of falling score.
        crowd: [g]; such a region takes any number of detections, which then do not count.
        thresholds: [t] least overlap of a match.

    Returns:
        [t, d] whether the detection is right, and [t, d] whether it does not count.
    """
    shape = (len(thresholds), len(overlaps))
    matched, ignored = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    if overlaps.size == 0:
        return matched, ignored
    floors = np.minimum(thresholds, 1 - 1e-10)[:, np.newaxis]
    free = np.ones((len(thresholds), overlaps.shape[1]), np.bool_)
    for d in np.flatnonzero(overlaps.max(1) >= floors.min()):
        reached = overlaps[d] >= floors
        usable = reached & free & ~crowd
        matched[:, d] = usable.any(1)
        ignored[:, d] = ~matched[:, d] & (reached & crowd).any(1)
        # Of equal overlaps COCO takes the last object, argmax the first.
        last_first = np.where(usable, overlaps[d], -1)[:, ::-1]
        best = overlaps.shape[1] - 1 - last_first.argmax(1)
        free[matched[:, d], best[matched[:, d]]] = False
    return matched, ignored
