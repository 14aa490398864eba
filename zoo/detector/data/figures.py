"""Distractors with lines in them: graphs, geometry, bar charts and tables of words and numbers."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from . import text
from .bank import Bank
from .boxes import Box, scaled
from .sheet import Colour, Sheet


def figure(
    rng: np.random.Generator, sheet: Sheet, frame: tuple[float, float, float], ink: Colour
) -> None:
    """Draw a graph, a geometric figure or a bar chart; frame: (x, y, size) of a square."""
    draw = (_graph, _triangle, _circle, _bars)[int(rng.integers(4))]
    draw(rng, sheet, frame, ink)


def table(
    rng: np.random.Generator,
    sheet: Sheet,
    bank: Bank,
    frame: tuple[float, float, float],
    ink: Colour,
) -> float:
    """Draw a table of words and numbers; frame: (x, y, width); return its height in pixels."""
    x, y, width = frame
    rows, columns = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    cell_w, cell_h = width / columns, float(rng.uniform(24, 38))
    xs, ys = x + cell_w * np.arange(columns + 1), y + cell_h * np.arange(rows + 1)
    lines = [np.array([[x, at], [x + width, at]], np.float32) for at in ys]
    lines += [np.array([[at, y], [at, ys[-1]]], np.float32) for at in xs]
    sheet.polylines(lines, ink, 1)
    korean = bool(rng.random() < 0.6)
    for left in xs[:-1]:
        for top in ys[:-1]:
            word = _cell(rng, bank, korean)
            box = scaled(word, min(0.5 * cell_h / word.height, 0.8 * cell_w / word.width))
            sheet.ink(box, (left + (cell_w - box.width) / 2, top + (cell_h - box.height) / 2), ink)
    return rows * cell_h


def _cell(rng: np.random.Generator, bank: Bank, korean: bool) -> Box:
    if rng.random() < 0.35:
        return text.set_text(str(rng.integers(1, 100)), "NanumGothic.ttf")
    return bank.text(6 * int(rng.integers(40)), korean)


def _scaled(points: NDArray[np.float64], frame: tuple[float, float, float]) -> NDArray[np.float32]:
    return (points * frame[2] + [frame[0], frame[1]]).astype(np.float32)


def _graph(
    rng: np.random.Generator, sheet: Sheet, frame: tuple[float, float, float], ink: Colour
) -> None:
    origin = rng.uniform(0.3, 0.7, 2)
    axes = [[[0.02, origin[1]], [0.98, origin[1]]], [[origin[0], 0.98], [origin[0], 0.02]]]
    sheet.polylines([_scaled(np.array(axis), frame) for axis in axes], ink, 1)
    t = np.linspace(0.05, 0.95, 60)
    curves = (
        0.2 + 2.6 * (t - rng.uniform(0.35, 0.65)) ** 2,
        0.5 + rng.uniform(0.15, 0.4) * np.sin(rng.uniform(5, 14) * t),
        rng.uniform(0.7, 0.9) + rng.uniform(-0.8, -0.2) * t,
        0.9 - 0.8 * np.exp(-rng.uniform(1, 4) * (1 - t)),
    )
    curve = curves[int(rng.integers(len(curves)))]
    sheet.polylines([_scaled(np.stack([t, np.clip(curve, 0.03, 0.97)], axis=1), frame)], ink, 2)


def _triangle(
    rng: np.random.Generator, sheet: Sheet, frame: tuple[float, float, float], ink: Colour
) -> None:
    corners = np.array([[0.08, 0.9], [0.92, 0.9], [rng.uniform(0.1, 0.9), 0.1]])
    if rng.random() < 0.4:
        corners = np.array([[0.08, 0.85], [0.75, 0.85], [0.92, 0.2], [0.25, 0.2]])
    lines = [_scaled(np.concatenate([corners, corners[:1]]), frame)]
    if rng.random() < 0.5:
        lines.append(_scaled(np.array([corners[2], (corners[0] + corners[1]) / 2]), frame))
    sheet.polylines(lines, ink, 2)


def _circle(
    rng: np.random.Generator, sheet: Sheet, frame: tuple[float, float, float], ink: Colour
) -> None:
    angle = np.linspace(0, 2 * np.pi, 60)
    ring = 0.5 + 0.42 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ends = rng.integers(0, 60, 3)
    sheet.polylines([_scaled(ring, frame), _scaled(ring[ends], frame)], ink, 2)


def _bars(
    rng: np.random.Generator, sheet: Sheet, frame: tuple[float, float, float], ink: Colour
) -> None:
    heights = rng.uniform(0.15, 0.85, int(rng.integers(3, 6)))
    width = 0.9 / len(heights)
    for i, height in enumerate(heights):
        corners = np.array([[0.06 + i * width, 0.95 - height], [0.06 + (i + 0.7) * width, 0.95]])
        low, high = np.round(_scaled(corners, frame)).astype(int)
        shade = tuple(int(c) for c in rng.integers(110, 220, 3))
        cv2.rectangle(sheet.pixels, low.tolist(), high.tolist(), shade, -1)
        cv2.rectangle(sheet.pixels, low.tolist(), high.tolist(), ink, 1)
    sheet.polylines([_scaled(np.array([[0.03, 0.03], [0.03, 0.95], [0.98, 0.95]]), frame)], ink, 1)
