"""Maps that a network draws over its input, taken back to the pixels of the photo.

A map [h, w] covers the whole tensor. Each pixel of the photo takes the value at its centre,
interpolated between the centres of the four cells around it in float32, columns first. Cells that
lie wholly on the border of a letterbox are cut away before, so that they colour no pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..images import Placement


@dataclass(frozen=True, slots=True)
class Axis:
    """Where the pixels of one axis lie between the cells of a map.

    Attributes:
        low: [pixels] int64, the cell before each pixel's centre.
        high: [pixels] int64, the cell after it.
        beyond: [pixels] float32, how far it is from the one to the other, 0…1.
        seen: The pixels that the tensor holds; a crop cuts the others away.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    beyond: NDArray[np.float32]
    seen: slice


@dataclass(frozen=True, slots=True)
class View:
    """How the pixels of a photo look through a map's cells."""

    down: Axis
    across: Axis

    def sample(self, plane: NDArray[np.floating]) -> NDArray[np.float32]:
        """Give the values [H, W] at the pixels of a map [h, w]; a crop goes on as its edge."""
        columns = _between(np.asarray(plane, np.float32), self.across)
        return _between(columns.T, self.down).T

    @property
    def seen(self) -> tuple[slice, slice]:
        """Rows and columns of the photo that the network saw."""
        return self.down.seen, self.across.seen


def view(
    cells: tuple[int, int], placement: Placement | None, pixels: tuple[int, int] | None = None
) -> View:
    """Look through a map at a photo.

    Args:
        cells: Height and width of the map.
        placement: Where the photo lies in the tensor; without one the map is its own photo.
        pixels: Height and width to give the photo, where not its own.
    """
    height, width = cells
    if placement is None:
        pixels = pixels or cells
        return View(
            _axis(height, pixels[0], 1.0, 0.0, height, height),
            _axis(width, pixels[1], 1.0, 0.0, width, width),
        )
    assert placement.tensor is not None, "the image rule tells it"
    pixels = pixels or (placement.size[1], placement.size[0])
    axes = zip(
        (width, height),
        (pixels[1], pixels[0]),
        placement.scale,
        placement.offset,
        placement.size,
        placement.tensor,
        strict=True,
    )
    across, down = (_axis(*each) for each in axes)
    return View(down, across)


def _axis(cells: int, pixels: int, scale: float, offset: float, size: int, tensor: int) -> Axis:
    """Place `pixels` over a photo of `size`, which the tensor of `tensor` and `cells` holds."""
    in_tensor = (np.arange(pixels) + 0.5) * (size / pixels) * scale + offset
    inside = np.flatnonzero((in_tensor > 0) & (in_tensor < tensor))
    covered = min(tensor, size * scale + offset) * cells / tensor
    # A photo ends on a whole pixel of the tensor; the sum may be off by the last bits.
    last = max(0, int(np.ceil(covered - 1e-6)) - 1)
    at = np.clip(in_tensor * (cells / tensor) - 0.5, 0, last)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, last)
    seen = slice(int(inside[0]), int(inside[-1]) + 1)
    return Axis(low, high, (at - low).astype(np.float32), seen)


def _between(lines: NDArray[np.float32], axis: Axis) -> NDArray[np.float32]:
    """Interpolate the last axis of [n, cells]."""
    low, high = lines[:, axis.low], lines[:, axis.high]
    return np.asarray(low + (high - low) * axis.beyond, np.float32)
