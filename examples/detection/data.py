"""Pictures of discs, squares and triangles on a noisy ground, drawn from a seed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LABELS = ("disc", "square", "triangle")
HEIGHT, WIDTH = 64, 96
SPLITS = {"train": 0, "calibration": 1, "validation": 2, "test": 3}


def shapes(split: str, start: int, count: int) -> Iterator[SimpleNamespace]:
    """Draw one to four shapes a picture; `boxes` are left, top, right, bottom in pixels."""
    for index in range(start, start + count):
        rng = np.random.default_rng([SPLITS[split], index])
        picture = np.full((HEIGHT, WIDTH, 3), rng.integers(0, 110, 3), np.float64)
        boxes, labels = [], []
        # One shape to a quarter of the picture at most, so that none hides another.
        for place in rng.permutation(4)[: rng.integers(1, 5)]:
            label, side = int(rng.integers(3)), float(rng.uniform(12, 26))
            left = place % 2 * WIDTH / 2 + rng.uniform(0, WIDTH / 2 - side)
            top = place // 2 * HEIGHT / 2 + rng.uniform(0, HEIGHT / 2 - side)
            inside = _inside(label, left, top, side)[..., np.newaxis]
            picture += inside * (rng.integers(145, 256, 3) - picture)
            boxes.append([left, top, left + side, top + side])
            labels.append(LABELS[label])
        picture += rng.normal(0, 8, picture.shape)
        image = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        yield SimpleNamespace(image=image, boxes=boxes, labels=labels)


def _inside(label: int, left: float, top: float, side: float) -> NDArray[np.float64]:
    """Give the share of each pixel [H, W] that a shape covers."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    x, y = np.abs(columns - left - side / 2), rows - top - side / 2
    if label == 0:
        depth = side / 2 - np.hypot(x, y)
    elif label == 1:
        depth = side / 2 - np.maximum(x, np.abs(y))
    else:
        depth = np.minimum((y + side / 2) / 2 - x, side / 2 - y)
    return np.clip(depth + 0.5, 0, 1)
