"""Draws kites, each with the places of its four corners."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = {"train": 1, "calibration": 2, "validation": 3, "test": 4}
KITE = np.array([[0, -1], [0.55, -0.3], [0, 0.9], [-0.55, -0.3]])
"""Nose, right wing, tail and left wing of a kite that flies upwards."""
HIDDEN = 0.1


def kites(split: str, start: int, count: int) -> Iterator[SimpleNamespace]:
    """Draw photos of several sizes, each with `points` [4, 2] and which of them are `visible`."""
    for index in range(start, start + count):
        random = np.random.default_rng((SEEDS[split], index))
        height, width = int(random.integers(80, 120)), int(random.integers(100, 150))
        coarse = random.uniform(40, 160, (4, 5, 3))
        photo = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        angle, size = random.uniform(-0.8, 0.8), random.uniform(0.2, 0.34) * height
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        centre = random.uniform((0.35, 0.35), (0.65, 0.65)) * (width, height)
        points = centre + size * KITE @ turn.T
        colours = random.uniform(0, 255, (2, 3))
        for half, colour in zip(((0, 1, 2), (0, 2, 3)), colours, strict=True):
            corners = np.rint(points[list(half)]).astype(np.int32)
            cv2.fillPoly(photo, [corners], colour.tolist(), cv2.LINE_AA)
        nose = np.rint(points[0]).astype(int).tolist()
        cv2.circle(photo, nose, round(size / 9), (255, 255, 255), -1, cv2.LINE_AA)
        noisy = photo + random.normal(0, 8, photo.shape)
        yield SimpleNamespace(
            image=np.clip(noisy, 0, 255).astype(np.uint8),
            points=points,
            visible=random.random(4) >= HIDDEN,
        )
