"""Gives an idea of a sample: the photo made smaller, or a line through its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.tasks.marks import jpeg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MOST_POINTS = 240


@dataclass(frozen=True, slots=True)
class Preview:
    """What the report shows of a sample: a photo with its size, or a curve."""

    width: int = 0
    height: int = 0
    jpeg: str = ""
    curve: tuple[float, ...] = ()


def preview(values: Mapping[str, Any]) -> Preview:
    """Show the first photo among a sample's inputs, else its first numbers.

    Args:
        values: As a data set gives them: photos [H, W, C] uint8, arrays, waveforms with their rate.
    """
    arrays = [each[0] if isinstance(each, tuple) else each for each in values.values()]
    arrays = [np.asarray(each) for each in arrays]
    for image in arrays:
        if image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] >= 1:
            colour = image[:, :, :3] if image.shape[2] >= 3 else np.repeat(image[:, :, :1], 3, 2)
            return Preview(image.shape[1], image.shape[0], jpeg(np.ascontiguousarray(colour)))
    return Preview(curve=curve(arrays[0])) if arrays else Preview()


def curve(values: NDArray[Any]) -> tuple[float, ...]:
    """Take points evenly from numbers in memory order."""
    flat = np.asarray(values, np.float64).ravel()
    places = np.linspace(0, len(flat) - 1, min(len(flat), MOST_POINTS)).astype(int)
    return tuple(round(float(flat[place]), 5) for place in places)


def polyline(
    values: Sequence[float], width: float, height: float, scale: Sequence[float] = ()
) -> str:
    """Lay numbers out as the points of an SVG polyline in a box.

    Args:
        values: The numbers, from left to right.
        width: Of the box.
        height: Of the box.
        scale: Numbers that fill the box from the lowest to the highest; `values` if left out.
    """
    low, high = min(scale or values), max(scale or values)
    span = (high - low) or 1.0
    step = width / max(len(values) - 1, 1)
    return " ".join(
        f"{number * step:.1f},{height * (0.95 - 0.9 * (value - low) / span):.1f}"
        for number, value in enumerate(values)
    )
