"""Boxes of ink and the few ways to join them: beside, stacked, as a grid between fences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha: TypeAlias = NDArray[np.uint8]
Points: TypeAlias = NDArray[np.float32]

#: Coverage (0–255) from which a pixel counts as ink when a box is made tight.
INK = 48


@dataclass(frozen=True, slots=True)
class Box:
    """A patch of ink.

    alpha: [height, width] uint8 coverage; axis: the y of the line that fraction bars lie on.
    """

    alpha: Alpha
    axis: float

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.alpha.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.alpha.shape[1])


def tight(box: Box) -> Box:
    """Cut away everything around the ink."""
    rows = np.flatnonzero((box.alpha >= INK).any(axis=1))
    columns = np.flatnonzero((box.alpha >= INK).any(axis=0))
    if rows.size == 0:
        return Box(box.alpha[:1, :1], 0.0)
    top, left = int(rows[0]), int(columns[0])
    alpha = box.alpha[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
    return Box(np.ascontiguousarray(alpha), box.axis - top)


def scaled(box: Box, factor: float) -> Box:
    """Resize a box, averaging pixels when it shrinks."""
    size = (max(1, round(box.width * factor)), max(1, round(box.height * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return Box(
        np.asarray(cv2.resize(box.alpha, size, interpolation=method), np.uint8), box.axis * factor
    )


def join(placed: Sequence[tuple[Box, float, float]], axis: float) -> Box:
    """Lay boxes at (x, y) on one sheet; axis is in the coordinates of the arguments."""
    left = min(x for _, x, _ in placed)
    top = min(y for _, _, y in placed)
    width = max(round(x - left) + box.width for box, x, _ in placed)
    height = max(round(y - top) + box.height for box, _, y in placed)
    alpha: Alpha = np.zeros((height, width), np.uint8)
    for box, x, y in placed:
        column, line = round(x - left), round(y - top)
        patch = alpha[line : line + box.height, column : column + box.width]
        np.maximum(patch, box.alpha, out=patch)
    return Box(alpha, axis - top)


def beside(boxes: Sequence[Box], gaps: Sequence[float]) -> Box:
    """Set boxes side by side on one axis; gaps[i] lies before box i (the first is ignored)."""
    placed, x = [], 0.0
    for i, (box, gap) in enumerate(zip(boxes, gaps, strict=True)):
        x += gap if i else 0.0
        placed.append((box, x, -box.axis))
        x += box.width
    return join(placed, 0.0)


def stacked(boxes: Sequence[Box], gap: float, axis_of: int) -> Box:
    """Centre boxes under one another; the axis of box `axis_of` becomes the axis."""
    placed, y, axis = [], 0.0, 0.0
    for i, box in enumerate(boxes):
        placed.append((box, -box.width / 2, y))
        axis = y + box.axis if i == axis_of else axis
        y += box.height + gap
    return join(placed, axis)


def grid(cells: Sequence[Sequence[Box]], gap: tuple[float, float], centred: bool) -> Box:
    """Align cells in rows and columns; gap: (between columns, between rows) in pixels."""
    widths = [max(line[j].width for line in cells) for j in range(len(cells[0]))]
    placed, y = [], 0.0
    for line in cells:
        above = max(box.axis for box in line)
        x = 0.0
        for box, width in zip(line, widths, strict=True):
            placed.append(
                (box, x + ((width - box.width) / 2 if centred else 0), y + above - box.axis)
            )
            x += width + gap[0]
        y += above + max(box.height - box.axis for box in line) + gap[1]
    return join(placed, (y - gap[1]) / 2)


def drawn(strokes: Sequence[Points], pen: float) -> Box:
    """Draw open lines with a round pen; strokes: [n, 2] float32 xy; the axis is y = 0."""
    points = np.concatenate(strokes)
    margin = int(np.ceil(pen)) + 2
    low = np.floor(points.min(axis=0)).astype(int) - margin
    high = np.ceil(points.max(axis=0)).astype(int) + margin
    # Twice the size, then averaged: OpenCV's line widths are whole pixels.
    alpha: Alpha = np.zeros((2 * (high[1] - low[1]), 2 * (high[0] - low[0])), np.uint8)
    lines = [np.round((stroke - low) * 32).astype(np.int32) for stroke in strokes]
    cv2.polylines(alpha, lines, False, (255,), max(1, round(2 * pen)), cv2.LINE_AA, shift=4)
    half = cv2.resize(alpha, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return Box(np.asarray(half, np.uint8), float(-low[1]))


def fence(kind: str, height: float, pen: float) -> Box:
    """Draw one of `( ) [ ] | {` for a body of this height, centred on the axis."""
    h, w = height / 2, max(pen * 2.5, height * 0.09)
    match kind:
        case "(" | ")":
            t = np.linspace(-1, 1, 24)
            stroke = np.stack([w * t * t, h * t], axis=1)
        case "[" | "]":
            stroke = np.array([[w, -h], [0, -h], [0, h], [w, h]])
        case "{":
            t = np.linspace(0, 1, 12)
            bend = np.stack([w - w * np.sin(t * np.pi / 2), -h + 2 * w * t], axis=1)
            nose = np.stack([-w * np.sin(t * np.pi / 2) ** 2, -2 * w + 2 * w * t], axis=1)
            upper = np.concatenate([bend, nose])
            stroke = np.concatenate([upper, upper[::-1] * [1, -1]])
        case _:
            stroke = np.array([[0, -h], [0, h]])
    if kind in ")]":
        stroke = stroke * [-1, 1]
    return drawn([stroke.astype(np.float32)], pen)
