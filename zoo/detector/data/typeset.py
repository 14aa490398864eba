"""Print a formula: mathtext for what it knows, boxes of our own for matrices and systems."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

from decant.errors import DataError

from .boxes import Box, beside, fence, grid, tight
from .expressions import Grid, Row, to_latex

#: The mathematical fonts that ship with matplotlib.
FONTS = ("cm", "stix", "dejavusans", "dejavuserif", "stixsans")
#: Font size of a printed formula in pixels.
EM = 56
#: Height of the mathematical axis over the baseline, in em.
AXIS_EM = 0.26


def typeset(formula: Row, font: str) -> Box:
    """Print a formula with one of `FONTS` at `EM` pixels.

    Raises:
        DataError: The font lacks a glyph, or mathtext cannot read the formula.
    """
    boxes: list[Box] = []
    run: list[str] = []
    for part in (*formula.parts, None):
        if part is not None and not isinstance(part, Grid):
            run.append(to_latex(part))
            continue
        if run:
            boxes.append(_mathtext("".join(run), font))
            run = []
        if part is not None:
            boxes.append(_grid(part, font))
    return tight(beside(boxes, [0.28 * EM] * len(boxes)))


def _grid(part: Grid, font: str) -> Box:
    cells = [[_mathtext(to_latex(cell), font) for cell in line] for line in part.rows]
    body = grid(cells, (0.7 * EM, 0.42 * EM), centred=part.left != "{")
    pen = EM * (0.05 if font in ("cm", "stix") else 0.07)
    sides = [
        fence(kind, body.height + 0.3 * EM, pen) for kind in (part.left, part.right) if kind != "."
    ]
    return beside([sides[0], body, *sides[1:]], [0.12 * EM] * (1 + len(sides)))


def _mathtext(latex: str, font: str) -> Box:
    properties = FontProperties(size=EM, math_fontfamily=font)
    watch = _watch()
    watch.messages.clear()
    try:
        parsed = _parser().parse(f"${latex}$", dpi=72, prop=properties)
    except ValueError as error:
        raise DataError(f"mathtext cannot read ${latex}$ with font {font}: {error}") from error
    if watch.messages:
        raise DataError(
            f"font {font} lacks a glyph of ${latex}$ ({watch.messages[0]}); "
            "take the symbol out of the grammar or the font out of FONTS"
        )
    alpha = np.array(parsed.image, dtype=np.uint8)
    return tight(Box(alpha, alpha.shape[0] - float(parsed.depth) - AXIS_EM * EM))


class _Watch(logging.Handler):
    """Collects mathtext's warnings: it logs a missing glyph and prints a placeholder for it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message; it becomes part of a `DataError`."""
        self.messages.append(record.getMessage())


@cache
def _watch() -> _Watch:
    watch = _Watch()
    logging.getLogger("matplotlib.mathtext").addHandler(watch)
    return watch


@cache
def _parser() -> MathTextParser[Any]:
    return MathTextParser("agg")
