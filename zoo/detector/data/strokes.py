"""Pen strokes of the letters and signs that pupils write.

A glyph is strokes parted by `|`, a stroke is points, a point is two digits: x and y on a grid
with y = 0 at the top of a digit, 6 on the line, 3 at the top of a small letter, 9 below. Digits
are not here: they are real handwriting (`handwriting.digit_lines`).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from decant.errors import DataError

from .boxes import Points

#: Grid y of the foot of a digit, hence its height in grid units.
DIGIT_HEIGHT = 6.0
#: Grid y of the mathematical axis.
AXIS = 3.4

_GLYPHS = {
    "a": "43 33 13 04 05 16 26 35 44 | 43 45 56",
    "b": "00 03 06 | 04 13 23 34 35 26 06",
    "c": "43 33 13 04 05 16 26 46",
    "d": "43 33 13 04 05 16 26 35 44 | 40 43 46",
    "e": "04 44 43 33 13 04 05 16 26 45",
    "f": "41 30 21 24 27 18 | 04 44",
    "g": "43 33 13 04 05 16 26 35 43 | 43 46 38 29 08",
    "h": "00 03 06 | 04 13 23 34 36",
    "i": "13 15 26 | 11 12",
    "k": "00 03 06 | 33 05 | 14 36",
    "l": "10 03 05 16 26",
    "m": "03 06 | 04 13 23 34 36 | 34 43 53 64 66",
    "n": "03 06 | 04 13 23 34 36",
    "o": "23 13 04 05 16 26 35 34 23",
    "p": "03 06 09 | 04 13 23 34 35 26 05",
    "q": "43 33 13 04 05 16 26 35 43 | 43 46 49",
    "r": "03 06 | 05 14 23 33",
    "s": "43 23 13 24 35 26 06",
    "t": "20 23 25 36 46 | 02 42",
    "u": "03 05 16 26 45 | 43 45 56",
    "v": "03 14 26 35 43",
    "w": "03 15 26 34 46 55 63",
    "x": "03 14 35 46 | 43 25 06",
    "y": "03 14 25 | 43 25 17 09",
    "z": "03 43 | 43 06 | 06 46",
    "A": "06 30 | 30 66 | 14 54",
    "B": "00 06 | 00 20 31 22 03 | 03 33 44 35 06",
    "C": "51 40 20 02 04 26 46 55",
    "P": "00 06 | 00 30 41 42 33 03",
    "S": "51 40 20 11 12 33 44 45 26 06",
    "V": "00 26 | 26 50",
    "π": "03 13 43 53 | 13 15 06 | 43 45 56",
    "θ": "20 01 04 26 45 42 20 | 03 43",
    "α": "53 44 26 06 05 04 13 23 35 56",
    "β": "08 04 01 20 31 22 13 | 13 34 45 26 05",
    "+": "04 44 | 22 26",
    "−": "04 44",
    "×": "12 46 | 42 16",
    "÷": "04 44 | 21 22 | 26 27",
    "±": "03 43 | 21 25 | 06 46",
    "=": "03 53 | 05 55",
    "·": "04 14",
    ".": "06 16",
    ",": "05 16 07",
    "!": "00 04 | 06 07",
    "<": "41 03 45",
    "≤": "40 02 44 | 05 46",
    "≥": "00 42 04 | 06 46",
    "≠": "03 53 | 05 55 | 41 17",
    "→": "04 64 | 42 64 46",
    "∞": "45 24 15 06 05 04 14 25 45 56 65 64 54 45",
    "∠": "50 06 | 06 66",
    "°": "10 01 12 21 10",
    "∩": "06 02 10 40 52 56",
    "∪": "00 04 16 46 54 50",
    "∈": "51 21 03 25 55 | 03 43",
    "{": "20 11 12 03 14 15 26",
    "}": "00 11 12 23 14 15 06",
    "(": "20 02 04 26",
    ")": "00 22 24 06",
    "∑": "60 00 | 00 34 | 34 08 | 08 68",
    "∫": "60 40 31 33 35 37 28 08",
}


@cache
def glyph(character: str) -> tuple[Points, ...]:
    """Look up a glyph's strokes, each [n, 2] float32 xy in grid units.

    Raises:
        DataError: Nobody has drawn this character.
    """
    if character not in _GLYPHS:
        raise DataError(
            f"the handwriting has no strokes for {character!r} (U+{ord(character):04X}); "
            "draw it in zoo/detector/data/strokes.py or leave it out of the grammar"
        )
    strokes = []
    for stroke in _GLYPHS[character].split("|"):
        points = [(int(point[0]), int(point[1])) for point in stroke.split()]
        strokes.append(np.array(points, np.float32))
    return tuple(strokes)


def smooth(stroke: Points, steps: int = 6) -> Points:
    """Run a Catmull-Rom curve through a stroke's points; two points stay a straight line."""
    if len(stroke) < 3:
        return stroke
    padded = np.concatenate([stroke[:1], stroke, stroke[-1:]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[None, :, None]
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return np.concatenate([curve.reshape(-1, 2), stroke[-1:]]).astype(np.float32)
