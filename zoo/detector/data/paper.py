"""Blank sheets: plain, ruled, squared and dotted paper."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb: TypeAlias = NDArray[np.uint8]

_LINES = ((165, 190, 220), (190, 190, 200), (150, 205, 190), (220, 180, 180))


def blank(rng: np.random.Generator, width: int, height: int) -> Rgb:
    """Make a sheet with a tint and a faint grain: [height, width, 3] uint8 RGB."""
    white = rng.uniform(228, 252)
    tint = white - np.array([0, rng.uniform(0, 6), rng.uniform(0, 22)]) * rng.integers(0, 2)
    coarse = rng.normal(0, rng.uniform(0.5, 3.0), (height // 8 + 1, width // 8 + 1))
    grain = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(tint + grain[..., None], 0, 255), np.uint8)


def rule(rng: np.random.Generator, sheet: Rgb, pitch: float) -> None:
    """Draw ruled, squared or dotted lines onto a sheet, `pitch` pixels apart."""
    colour = tuple(int(c + rng.uniform(-15, 20)) for c in _LINES[int(rng.integers(len(_LINES)))])
    kind = rng.choice(["ruled", "squared", "dotted"], p=[0.5, 0.38, 0.12])
    height, width = sheet.shape[:2]
    step = pitch if kind == "ruled" else pitch * float(rng.uniform(0.4, 0.8))
    lines = np.arange(float(rng.uniform(0.3, 1)) * step, height, step).astype(int)
    columns = np.arange(float(rng.uniform(0.3, 1)) * step, width, step).astype(int)
    if kind == "dotted":
        dots = np.array(colour, np.float32) * 0.8
        sheet[np.ix_(lines, columns)] = dots
        sheet[np.ix_(np.minimum(lines + 1, height - 1), columns)] = dots
        return
    sheet[lines] = colour
    if kind == "squared":
        sheet[:, columns] = colour
    elif rng.random() < 0.5:
        margin = int(width * rng.uniform(0.06, 0.12))
        sheet[:, margin : margin + 2] = (225, 150, 150)
