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


def rgb_of_yuv(luma, blueness, redness):
    """Convert full-range BT.601 (ITU-T T.871, constants in units of 2^-16), rounded half up."""
    y, u, v = (np.asarray(part, np.int64) for part in (luma, blueness, redness))
    u, v = u - 128, v - 128
    half = 1 << 15
    red = y + (round(1.402 * 65536) * v + half) // 65536
    green = y - (round(0.344136 * 65536) * u + round(0.714136 * 65536) * v + half) // 65536
    blue = y + (round(1.772 * 65536) * u + half) // 65536
    return np.clip(np.stack([red, green, blue], -1), 0, 255).astype(np.uint8)
