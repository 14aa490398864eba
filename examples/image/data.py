"""Draws drawings of lines and shapes, and makes them half as large."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = {"train": 1, "calibration": 2, "validation": 3, "test": 4}
SIZE = (80, 64)
FINER = 4


def drawings(split: str, start: int, count: int) -> Iterator[SimpleNamespace]:
    """Draw targets [64, 80, 3] and what they look like at half the size, [32, 40, 3]."""
    for index in range(start, start + count):
        random = np.random.default_rng((SEEDS[split], index))
        # Drawn larger, so that edges are smooth, as a camera sees them.
        finer = (SIZE[0] * FINER, SIZE[1] * FINER)
        coarse = random.integers(0, 256, (3, 4, 3)).astype(np.uint8)
        picture = cv2.resize(coarse, finer, interpolation=cv2.INTER_CUBIC)
        for _ in range(12):
            colour = random.integers(0, 256, 3).tolist()
            one, other = (random.uniform((0, 0), finer).astype(int).tolist() for _ in range(2))
            if random.random() < 0.6:
                cv2.line(picture, one, other, colour, int(random.integers(5, 16)))
            else:
                cv2.circle(picture, one, int(random.integers(16, 50)), colour, -1)
        target = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)
        half = cv2.resize(target, (SIZE[0] // 2, SIZE[1] // 2), interpolation=cv2.INTER_AREA)
        yield SimpleNamespace(image=half, target=target)
