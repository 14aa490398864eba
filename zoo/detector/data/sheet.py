"""A flat page while ink is put on it, with the quads of the formulas put there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from .bank import Formula
from .boxes import Alpha, Box
from .paper import Rgb

Quad: TypeAlias = NDArray[np.float32]
Colour: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """A formula on the sheet; quad: [4, 2] float32 xy of TL, TR, BR, BL in its reading frame."""

    quad: Quad
    formula: Formula


@dataclass(slots=True)
class Sheet:
    """The page lying flat.

    pixels: [height, width, 3] uint8 RGB. Coordinates are continuous: pixel (i, j) covers
    [j, j + 1) × [i, i + 1).
    """

    pixels: Rgb
    marks: list[Mark] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    def ink(self, box: Box, xy: tuple[float, float], colour: Colour, angle: float = 0.0) -> Quad:
        """Blend a box onto the page, its top left corner at xy, turned about its centre.

        Args:
            box: The ink.
            xy: Where the unturned box begins.
            colour: RGB.
            angle: Degrees, clockwise on the page.

        Returns:
            The box's corners on the page, [4, 2] float32.
        """
        x, y = round(xy[0]), round(xy[1])
        if angle == 0.0:
            self._blend(box.alpha, x, y, colour)
            return rectangle(x, y, box.width, box.height)
        pad = int(np.ceil(np.sin(np.radians(abs(angle))) * max(box.width, box.height))) + 1
        centre = (box.width / 2 + pad, box.height / 2 + pad)
        turn = cv2.getRotationMatrix2D(centre, -angle, 1.0)
        # In pixel centres for OpenCV: the turn is about a corner-based centre, half a pixel off.
        pixel = turn.copy()
        pixel[:, 2] += turn[:, :2].sum(axis=1) * 0.5 - 0.5
        padded = np.pad(box.alpha, pad)
        size = (padded.shape[1], padded.shape[0])
        self._blend(
            np.asarray(cv2.warpAffine(padded, pixel, size), np.uint8), x - pad, y - pad, colour
        )
        corners = rectangle(pad, pad, box.width, box.height) @ turn[:, :2].T + turn[:, 2]
        return np.asarray(corners + np.array([x - pad, y - pad]), np.float32)

    def write(
        self, formula: Formula, box: Box, xy: tuple[float, float], look: tuple[Colour, float]
    ) -> Quad:
        """Put a formula (box: its ink at the wanted size) on the page; look: (colour, angle)."""
        quad = self.ink(box, xy, look[0], look[1])
        self.marks.append(Mark(quad, formula))
        return quad

    def polylines(self, lines: Sequence[NDArray[np.float32]], colour: Colour, pen: int) -> None:
        """Draw open lines, each [n, 2] xy."""
        points = [np.round(line * 16).astype(np.int32) for line in lines]
        cv2.polylines(self.pixels, points, False, colour, pen, cv2.LINE_AA, shift=4)

    def highlight(self, outline: NDArray[np.float32], colour: Colour) -> None:
        """Multiply the inside of an outline [n, 2] with a colour, as a marker pen does."""
        low = np.maximum(np.floor(outline.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 1, [self.width, self.height])
        if (high <= low).any():
            return
        patch = self.pixels[low[1] : high[1], low[0] : high[0]]
        mask: Alpha = np.zeros(patch.shape[:2], np.uint8)
        cv2.fillPoly(
            mask, [np.round((outline - low) * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4
        )
        factor = 1 - (mask[..., None] / 255.0) * (1 - np.array(colour, np.float32) / 255)
        patch[:] = (patch * factor).astype(np.uint8)

    def _blend(self, alpha: Alpha, x: int, y: int, colour: Colour) -> None:
        left, top = max(0, -x), max(0, -y)
        right, bottom = min(alpha.shape[1], self.width - x), min(alpha.shape[0], self.height - y)
        if right <= left or bottom <= top:
            return
        patch = self.pixels[y + top : y + bottom, x + left : x + right]
        share = alpha[top:bottom, left:right, None].astype(np.float32) / 255
        patch[:] = (patch + (np.array(colour, np.float32) - patch) * share).astype(np.uint8)


def rectangle(x: float, y: float, width: float, height: float) -> Quad:
    """List the corners of an upright rectangle as TL, TR, BR, BL."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
