"""Draws strips of paper with sums on them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SEEDS = {"train": 1, "calibration": 2, "validation": 3, "test": 4}
ALPHABET = "0123456789+-="
HANDS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)
HEIGHT = 48


def strips(split: str, start: int, count: int) -> Iterator[SimpleNamespace]:
    """Draw strips of one height and several widths, each with its `text`."""
    for index in range(start, start + count):
        random = np.random.default_rng((SEEDS[split], index))
        a, b = 10 ** random.integers(1, 4, 2)
        text = f"{random.integers(a)}{random.choice(['+', '-'])}{random.integers(b)}"
        text += "=" if random.random() < 0.5 else ""
        yield SimpleNamespace(image=_strip(text, random), text=text)


def _strip(text: str, random: np.random.Generator) -> NDArray[np.uint8]:
    hand, scale = HANDS[random.integers(len(HANDS))], random.uniform(0.8, 1.1)
    thickness = int(random.integers(1, 4))
    (length, rise), _ = cv2.getTextSize(text, hand, scale, thickness)
    width = max(length + 24, 3 * HEIGHT)
    paper, ink = random.uniform(150, 255, 3), random.uniform(0, 90, 3)
    strip = np.full((HEIGHT, width, 3), paper, np.uint8)
    corner = (int(random.integers(6, width - length - 5)), HEIGHT // 2 + rise // 2)
    cv2.putText(strip, text, corner, hand, scale, ink.tolist(), thickness, cv2.LINE_AA)
    slant = random.uniform(-0.25, 0.25)
    turn = np.array([[1, slant, -slant * HEIGHT / 2], [random.uniform(-0.02, 0.02), 1, 0]])
    strip = cv2.warpAffine(strip, turn, (width, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    noisy = strip + random.normal(0, 12, strip.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)
