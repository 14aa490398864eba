"""Draws bluish discs and reddish boxes before an uneven background, and labels every pixel."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SEEDS = {"train": 1, "calibration": 2, "validation": 3, "test": 4}
DISC, BOX = 1, 2


def scenes(split: str, start: int, count: int) -> Iterator[SimpleNamespace]:
    """Draw photos [H, W, 3] of several sizes, with masks [H, W] of 0 background, 1 disc, 2 box."""
    for index in range(start, start + count):
        random = np.random.default_rng((SEEDS[split], index))
        height, width = int(random.integers(60, 110)), int(random.integers(80, 140))
        photo, mask = _background(random, height, width), np.zeros((height, width), np.uint8)
        for _ in range(random.integers(2, 5)):
            label = int(random.choice((DISC, BOX)))
            colour = np.sort(random.uniform(90, 255, 3))[:: 1 if label == DISC else -1]
            shape = np.zeros((height, width), np.uint8)
            centre = random.uniform((0.1, 0.1), (0.9, 0.9)) * (width, height)
            radius = random.uniform(0.1, 0.24) * height
            if label == DISC:
                cv2.circle(shape, centre.astype(int).tolist(), int(radius), 1, -1)
            else:
                size = tuple(radius * random.uniform(1.2, 2, 2))
                corners = cv2.boxPoints((centre.tolist(), size, float(random.uniform(0, 90))))
                cv2.fillPoly(shape, [corners.astype(np.int32)], 1)
            photo[shape > 0] = colour
            mask[shape > 0] = label
        noisy = photo + random.normal(0, 12, photo.shape)
        tags = frozenset({"crowded"} if (mask > 0).mean() > 0.3 else ())
        yield SimpleNamespace(image=np.clip(noisy, 0, 255).astype(np.uint8), mask=mask, tags=tags)


def _background(random: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """Blur coarse noise, darker than the shapes."""
    coarse = random.uniform(10, 110, (4, 5, 3))
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
