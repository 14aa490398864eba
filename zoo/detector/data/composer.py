"""Puts lines under one another: text, formulas in text, displayed and handwritten ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from . import figures, text
from .bank import HANDS, Bank, Formula
from .boxes import Box, scaled
from .handwriting import DIGIT
from .sheet import Colour, Quad, Sheet
from .typeset import EM, FONTS

#: Ink for a line, and its x in the column: a formula with its ink at the wanted size, or text.
Placed: TypeAlias = tuple[Box | tuple[Formula, Box], float]
#: Margin of the page in pixels: nothing is put nearer to its edge.
MARGIN = 14
_MARKERS: tuple[Colour, ...] = (
    (255, 244, 90),
    (255, 170, 200),
    (165, 250, 150),
    (150, 225, 255),
    (255, 205, 120),
)


@dataclass(frozen=True, slots=True)
class Style:
    """What stays the same on one page.

    em: font size in pixels; gap: space between lines in em; font, hand: which stock is used.
    """

    em: float
    gap: float
    print_ink: Colour
    pen_ink: Colour
    font: int
    hand: int
    korean: bool
    wobble: float


@dataclass(slots=True)
class Column:
    """A strip of the page that fills from the top; y is where the next line begins."""

    x: float
    width: float
    y: float
    bottom: float


def draw_style(rng: np.random.Generator, em: float) -> Style:
    """Draw the style of a page."""
    dark = int(rng.integers(0, 70))
    pens = ((25, 25, 30), (20, 40, 140), (30, 60, 180), (60, 60, 65), (150, 25, 35), (20, 90, 50))
    pen = pens[int(rng.choice(len(pens), p=[0.3, 0.25, 0.15, 0.2, 0.06, 0.04]))]
    return Style(
        em=em,
        gap=float(rng.uniform(0.45, 1.3)),
        print_ink=(dark, dark, dark + int(rng.integers(0, 25))),
        pen_ink=pen,
        font=int(rng.integers(len(FONTS))),
        hand=int(rng.integers(HANDS)),
        korean=bool(rng.random() < 0.6),
        wobble=float(rng.uniform(0, 3.0)),
    )


class Composer:
    """Fills columns of one sheet; every method says whether there was room for its line."""

    def __init__(self, rng: np.random.Generator, sheet: Sheet, bank: Bank, style: Style) -> None:
        self.rng, self.sheet, self.bank, self.style = rng, sheet, bank, style
        self._used: set[int] = set()
        self._inked: list[Quad] = []

    def pick(self, kind: str, width: float, height: float) -> tuple[Formula, Box] | None:
        """Find a formula that fits; a printed one may shrink by a fifth."""
        for _ in range(8):
            index = int(self.rng.integers(1 << 30))
            if kind == "printed":
                formula = self.bank.printed(index // len(FONTS) * len(FONTS) + self.style.font)
                scale = self.style.em / EM
            else:
                formula = self.bank.handwritten(index // HANDS * HANDS + self.style.hand)
                scale = self.style.em * float(self.rng.uniform(0.75, 0.95)) / DIGIT
            fit = min(
                1.0, width / (formula.box.width * scale), height / (formula.box.height * scale)
            )
            if fit >= 0.8 and formula.seed not in self._used:
                self._used.add(formula.seed)
                return formula, scaled(formula.box, scale * fit)
        return None

    def text(self, column: Column) -> bool:
        """Print a line of text."""
        share = self.rng.uniform(0.4, 1.0)
        boxes: list[Placed] = []
        x = 0.0
        while x < share * column.width:
            box = self._text()
            if x + box.width > column.width:
                break
            boxes.append((box, x))
            x += box.width + 0.3 * self.style.em
        return bool(boxes) and self._row(column, boxes)

    def text_with_formula(self, column: Column) -> bool:
        """Print a line of text with one formula in it."""
        before = self._text()
        gap = 0.45 * self.style.em
        room = column.width - before.width - 2 * gap
        picked = (
            self.pick("printed", room, 1.9 * self.style.em) if room > 3 * self.style.em else None
        )
        if picked is None:
            return self.text(column)
        boxes: list[Placed] = [(before, 0.0), (picked, before.width + gap)]
        end = before.width + gap + picked[1].width + gap
        after = self._text()
        if end + after.width <= column.width:
            boxes.append((after, end))
        return self._row(column, boxes)

    def display(self, column: Column, kind: str, number: int | None = None) -> bool:
        """Set a formula on a line of its own, with the number of an exercise before it or not."""
        indent = 0.0
        mark = None if number is None else self._number(kind, number)
        if mark is not None:
            indent = mark.width + 0.6 * self.style.em
        picked = self.pick(kind, column.width - indent, column.bottom - column.y)
        if picked is None:
            return False
        slack = column.width - indent - picked[1].width
        x = indent + slack * float(
            self.rng.choice([0.0, 0.5, self.rng.random()], p=[0.5, 0.25, 0.25])
        )
        boxes: list[Placed] = [(picked, x)]
        if mark is not None:
            boxes.append((mark, max(0.0, x - indent)))
        return self._row(column, boxes, kind)

    def scrawl(self, column: Column) -> bool:
        """Write words by hand."""
        writer = self.bank.writer(self.rng, self.style.hand)
        boxes: list[Placed] = []
        x = 0.0
        for _ in range(int(self.rng.integers(1, 5))):
            word = writer.word() if self.rng.random() < 0.6 else writer.scrawl()
            box = scaled(word, self.style.em * 0.8 / DIGIT)
            if x + box.width > column.width:
                break
            boxes.append((box, x))
            x += box.width + 0.8 * self.style.em
        return bool(boxes) and self._row(column, boxes, "handwritten")

    def figure(self, column: Column) -> bool:
        """Draw a figure, or a table of words."""
        if self.rng.random() < 0.4:
            if column.y + 4 * 38 > column.bottom:
                return False
            width = column.width * float(self.rng.uniform(0.6, 1.0))
            frame = (column.x, column.y, width)
            column.y += figures.table(self.rng, self.sheet, self.bank, frame, self.style.print_ink)
        else:
            size = float(self.rng.uniform(90, 180))
            if column.y + size > column.bottom or size > column.width:
                return False
            x = column.x + (column.width - size) * float(self.rng.random())
            figures.figure(self.rng, self.sheet, (x, column.y, size), self.style.print_ink)
            column.y += size
        column.y += self.style.gap * self.style.em
        return True

    def highlight(self) -> None:
        """Run a marker pen over some of what is on the page, formula or not."""
        share = self.rng.uniform(0.15, 0.7)
        for quad in self._inked:
            if self.rng.random() < share:
                self._mark(quad)

    def _mark(self, quad: Quad) -> None:
        colour = _MARKERS[int(self.rng.integers(len(_MARKERS)))]
        (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
        x = np.linspace(left - self.rng.uniform(0, 10), right + self.rng.uniform(0, 10), 8)
        half = (bottom - top) * self.rng.uniform(0.35, 0.65)
        middle = (top + bottom) / 2 + self.rng.normal(0, 1.5, 8)
        upper = np.stack([x, middle - half], axis=1)
        lower = np.stack([x, middle + half], axis=1)[::-1]
        self.sheet.highlight(np.concatenate([upper, lower]).astype(np.float32), colour)

    def _text(self) -> Box:
        box = self.bank.text(int(self.rng.integers(1 << 30)), self.style.korean)
        return scaled(box, 0.92 * self.style.em / text.EM)

    def _number(self, kind: str, number: int) -> Box:
        if kind == "printed":
            return scaled(text.label(self.rng, number), 0.9 * self.style.em / text.EM)
        return self.bank.number(self.rng, self.style.hand, number, 0.85 * self.style.em / DIGIT)

    def _row(self, column: Column, boxes: list[Placed], kind: str = "printed") -> bool:
        inks = [box if isinstance(box, Box) else box[1] for box, _ in boxes]
        above = max(box.axis for box in inks)
        height = above + max(box.height - box.axis for box in inks)
        if column.y + height > column.bottom:
            return False
        by_hand = kind == "handwritten"
        colour = self.style.pen_ink if by_hand else self.style.print_ink
        for (box, x), ink in zip(boxes, inks, strict=True):
            # Long lines turn less, or their ends would run into the neighbours.
            most = np.degrees(0.3 * self.style.gap * self.style.em / max(ink.width, 1))
            turn = 0.0
            if by_hand:
                turn = float(np.clip(self.rng.normal(0, self.style.wobble), -most, most))
            xy = (column.x + x, column.y + above - ink.axis)
            if isinstance(box, Box):
                quad = self.sheet.ink(ink, xy, colour, turn)
            else:
                quad = self.sheet.write(box[0], ink, xy, (colour, turn))
            self._inked.append(quad)
        column.y += height + self.style.gap * self.style.em
        return True
