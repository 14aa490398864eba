"""Leaves one box of each object: what overlaps a better one is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def suppress(
    boxes: NDArray[np.float32], labels: NDArray[np.int64], iou: float, limit: int
) -> NDArray[np.int64]:
    """Suppress boxes that overlap a better one of the same label by more than `iou`.

    Args:
        boxes: [k, 4] xyxy, best first.
        labels: [k].
        iou: Intersection over union, 0…1.
        limit: Most boxes to keep.

    Returns:
        Indices of the boxes kept, best first.
    """
    # A network may give a box a right side left of its left one: it has no area, and is nobody's.
    areas = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(1)
    left = np.arange(len(boxes))
    kept: list[int] = []
    while left.size and len(kept) < limit:
        best, left = left[0], left[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[left, :2])
        high = np.minimum(boxes[best, 2:], boxes[left, 2:])
        shared = np.maximum(high - low, 0).prod(1)
        overlaps = shared > iou * (areas[best] + areas[left] - shared)
        left = left[~(overlaps & (labels[left] == labels[best]))]
    return np.asarray(kept, np.int64)
