"""Finds photos that show the same as another, by a perceptual hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from .jpeg import size_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BITS = 64
NEAR_BITS = 8
"""Photos whose hashes differ in at most so many bits are called near-duplicates.

Of 400 photos of the detector's data, halved, brightened and compressed anew, none was farther from
itself than 6 bits, and one nearer to another photo than 9.
"""
SIDE, KEPT = 32, 8


def perceptual_hash(photo: Path) -> NDArray[np.uint8]:
    """Hash what a photo looks like: its 63 lowest frequencies, each above their median or not.

    Source: pHash; C. Zauner, Implementation and benchmarking of perceptual image hash functions,
    2010, section 3.2.1. Sees through recompression, resizing and brightness, not through rotation
    or cropping.

    Args:
        photo: A JPEG that was found right.

    Returns:
        [8] uint8; the constant's bit is always 0.
    """
    encoded = photo.read_bytes()
    grey = cv2.imdecode(np.frombuffer(encoded, np.uint8), _reduction(min(size_of(encoded))))
    small = cv2.resize(np.asarray(grey, np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    low = np.asarray(cv2.dct(small))[:KEPT, :KEPT].ravel()
    # Frequencies that only rounding gives an even surface would be noise.
    low = np.where(np.abs(low) < 1, 0, low)
    bits = low > np.median(low[1:])
    bits[0] = False
    return np.packbits(bits)


def nearest(hashes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Give the bits by which each hash [n, 8] differs from the one most like it; 64 if alone."""
    found = np.full(len(hashes), BITS, np.int64)
    for i in range(len(hashes)):
        apart = _apart(hashes, i)
        apart[i] = BITS
        found[i] = apart.min()
    return found


def originals(hashes: NDArray[np.uint8]) -> list[int | None]:
    """Name for each hash [n, 8] the first one that it nearly repeats, itself no repetition."""
    found: list[int | None] = []
    for i in range(len(hashes)):
        near = np.flatnonzero(_apart(hashes[: i + 1], i)[:i] <= NEAR_BITS)
        found.append(next((int(j) for j in near if found[j] is None), None))
    return found


def _reduction(side: int) -> int:
    """Say how to decode a photo so that its shorter side still has four pixels to one of ours."""
    flags = {
        8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    }
    return next((flag for n, flag in flags.items() if side >= 4 * n * SIDE), cv2.IMREAD_GRAYSCALE)


def _apart(hashes: NDArray[np.uint8], i: int) -> NDArray[np.int64]:
    """Count the bits in which each hash [n, 8] differs from number `i`."""
    return np.asarray(np.unpackbits(hashes ^ hashes[i], axis=1).sum(axis=1), np.int64)
