"""Pictures of a disc: where it lies and how large it is, drawn from a seed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

HEIGHT, WIDTH = 40, 56
SPLITS = {"train": 0, "calibration": 1, "validation": 2, "test": 3}


def discs(split: str, start: int, count: int) -> Iterator[SimpleNamespace]:
    """Draw discs on a noisy ground; `target` is x, y and radius in pixels."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    for index in range(start, start + count):
        rng = np.random.default_rng([SPLITS[split], index])
        radius = rng.uniform(4, 11)
        x, y = rng.uniform(radius, WIDTH - radius), rng.uniform(radius, HEIGHT - radius)
        ground, colour = rng.integers(0, 110, 3), rng.integers(145, 256, 3)
        # A pixel on the edge takes part of both colours.
        inside = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)[..., np.newaxis]
        picture = ground + inside * (colour - ground) + rng.normal(0, 8, (HEIGHT, WIDTH, 3))
        yield SimpleNamespace(
            image=np.clip(np.rint(picture), 0, 255).astype(np.uint8),
            target=[x, y, radius],
            tags={"small" if radius < 7 else "large"},
        )
