"""Pictures as cameras and files store them, and what they look like upright."""

from __future__ import annotations

import numpy as np

EXIF = range(1, 9)
ROTATIONS = (0, 90, 180, 270)


def upright(stored, exif):
    """Turn a stored picture [H, W, …] upright, by EXIF's table of orientations."""
    across = stored.swapaxes(0, 1)
    return {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: across,
        6: across[:, ::-1],
        7: across[::-1, ::-1],
        8: across[::-1],
    }[exif]


def stored(picture, exif):
    """Store an upright picture so that it needs `exif` to stand upright."""
    inverse = {6: 8, 8: 6}.get(exif, exif)
    return upright(picture, inverse)


def turned(stored, degrees):
    """Turn a stored picture clockwise."""
    return np.rot90(stored, -degrees // 90)
