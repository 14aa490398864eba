"""Pictures of patterns: each identity is a set of discs, seen shifted, darker and noisy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

HEIGHT, WIDTH = 32, 48
DISCS, SHIFT = 5, 3
# Identities of one split occur in no other.
SPLITS = {"train": 0, "calibration": 1, "validation": 2, "test": 3}
SEEN = 5
"""How often each identity is seen."""


def patterns(split: str, start: int, count: int) -> Iterator[SimpleNamespace]:
    """Draw patterns; `identity` is the number of the set of discs."""
    for index in range(start, start + count):
        random = np.random.default_rng([SPLITS[split], index, 1])
        identity = f"{split}_{index // SEEN:03}"
        picture = _pattern([SPLITS[split], index // SEEN, 0], random.uniform(-SHIFT, SHIFT, 2))
        picture = random.uniform(0.6, 1) * picture + random.normal(0, 22, picture.shape)
        image = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        yield SimpleNamespace(image=image, identity=identity)


def _pattern(seed: list[int], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw the discs of an identity: [H, W, 3] on the scale 0…255."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    picture = np.full((HEIGHT, WIDTH, 3), 120.0)
    for _ in range(DISCS):
        x, y = random.uniform(0, (WIDTH, HEIGHT)) + shift
        inside = np.hypot(columns - x, rows - y) < random.uniform(5, 9)
        picture[inside] = random.uniform(0, 255, 3)
    return picture
