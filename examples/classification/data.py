"""scikit-learn's handwritten digits: 1,797 of 8×8 pixels, each split some of them."""

from __future__ import annotations

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

SPLITS = {"train": (0, 1300), "calibration": (1300, 1400), "validation": (1400, 1600)}
SPLITS["test"] = (1600, 1797)
PROPERTIES = {"even": {0, 2, 4, 6, 8}, "prime": {2, 3, 5, 7}, "has a loop": {0, 6, 8, 9}}


def digits(split: str) -> list[tuple[Image.Image, int]]:
    """Give pictures of digits, and which each is."""
    pictures, numbers = load_digits(return_X_y=True)
    start, stop = SPLITS[split]
    # Levels are 0 to 16.
    levels = np.clip(pictures[start:stop].reshape(-1, 8, 8) * 16, 0, 255).astype(np.uint8)
    return [
        (Image.fromarray(level), int(number))
        for level, number in zip(levels, numbers[start:stop], strict=True)
    ]


def properties(split: str) -> list[dict[str, object]]:
    """Give pictures of digits, and which of the properties each has."""
    return [
        {
            "image": picture,
            "labels": [name for name, those in PROPERTIES.items() if number in those],
        }
        for picture, number in digits(split)
    ]
