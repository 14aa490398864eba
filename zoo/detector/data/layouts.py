"""The kinds of page: worksheet, exercises, notebook, mixed, close-up, prose without formulas."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count as count_up

import numpy as np

from .bank import Bank
from .composer import MARGIN, Column, Composer, draw_style
from .paper import blank, rule
from .sheet import Sheet

_SIZES = ((480, 640), (640, 480), (560, 560), (640, 360))
_SIZE_SHARES = (0.45, 0.3, 0.1, 0.15)


def compose(rng: np.random.Generator, bank: Bank) -> Sheet:
    """Lay out a page of a kind drawn at random; its longer side is 640 pixels or less."""
    layouts = list(_LAYOUTS)
    layout, low, high = layouts[int(rng.choice(len(layouts), p=_SHARES))]
    width, height = _SIZES[int(rng.choice(len(_SIZES), p=_SIZE_SHARES))]
    em = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    sheet = Sheet(blank(rng, width, height))
    composer = Composer(rng, sheet, bank, draw_style(rng, em))
    layout(composer)
    if rng.random() < 0.2:
        composer.highlight()
    return sheet


def _columns(composer: Composer, count: int, top: float = 0.0, bottom: float = 1.0) -> list[Column]:
    sheet, em = composer.sheet, composer.style.em
    inner = sheet.width - 2 * MARGIN
    gutter = 1.1 * em
    width = (inner - gutter * (count - 1)) / count
    low, high = (
        MARGIN + top * (sheet.height - 2 * MARGIN),
        MARGIN + bottom * (sheet.height - 2 * MARGIN),
    )
    start = low + float(composer.rng.uniform(0, 0.6)) * em
    return [Column(MARGIN + i * (width + gutter), width, start, high) for i in range(count)]


def _fill(
    column: Column, rng: np.random.Generator, lines: list[tuple[float, Callable[[Column], bool]]]
) -> None:
    """Add lines drawn by weight until two in a row found no room."""
    weights = np.array([weight for weight, _ in lines])
    refused = 0
    while refused < 2:
        line = lines[int(rng.choice(len(lines), p=weights / weights.sum()))][1]
        refused = 0 if line(column) else refused + 1


def _worksheet(composer: Composer, top: float = 0.0, bottom: float = 1.0) -> None:
    roomy = composer.sheet.width / composer.style.em > 18
    count = 2 if roomy and composer.rng.random() < 0.25 else 1
    for column in _columns(composer, count, top, bottom):
        _fill(column, composer.rng, [
            (0.34, composer.text),
            (0.22, composer.text_with_formula),
            (0.32, lambda c: composer.display(c, "printed")),
            (0.12, composer.figure),
        ])  # fmt: skip


def _exercises(composer: Composer, kind: str = "printed") -> None:
    most = int(composer.sheet.width / composer.style.em / 6.5)
    count = int(composer.rng.integers(1, max(1, min(3, most)) + 1))
    numbered, number = composer.rng.random() < 0.7, 0
    top = 0.0
    if composer.rng.random() < 0.6:
        head = _columns(composer, 1)[0]
        composer.text(head)
        top = (head.y - MARGIN) / (composer.sheet.height - 2 * MARGIN)
    for column in _columns(composer, count, top):
        while number < 16:
            number += 1
            if not composer.display(column, kind, number if numbered else None):
                break
            column.y += composer.style.em * float(composer.rng.uniform(0, 0.6))


def _notebook(composer: Composer, top: float = 0.0, bottom: float = 1.0) -> None:
    if composer.rng.random() < 0.8:
        rule(
            composer.rng,
            composer.sheet.pixels,
            composer.style.em * float(composer.rng.uniform(1.0, 1.8)),
        )
    roomy = composer.sheet.width / composer.style.em > 14
    count = 2 if roomy and composer.rng.random() < 0.3 else 1
    numbers = count_up(int(composer.rng.integers(1, 40)))
    for column in _columns(composer, count, top, bottom):
        _fill(column, composer.rng, [
            (0.6, lambda c: composer.display(c, "handwritten")),
            (0.2, lambda c: composer.display(c, "handwritten", next(numbers))),
            (0.2, composer.scrawl),
        ])  # fmt: skip


def _written_exercises(composer: Composer) -> None:
    if composer.rng.random() < 0.7:
        rule(
            composer.rng,
            composer.sheet.pixels,
            composer.style.em * float(composer.rng.uniform(1.0, 1.8)),
        )
    _exercises(composer, "handwritten")


def _mixed(composer: Composer) -> None:
    cut = float(composer.rng.uniform(0.35, 0.6))
    _worksheet(composer, bottom=cut)
    column = _columns(composer, 1, top=cut + 0.03)[0]
    _fill(
        column,
        composer.rng,
        [(0.8, lambda c: composer.display(c, "handwritten")), (0.2, composer.scrawl)],
    )


def _close_up(composer: Composer) -> None:
    kind = "printed" if composer.rng.random() < 0.6 else "handwritten"
    if kind == "handwritten" and composer.rng.random() < 0.6:
        rule(composer.rng, composer.sheet.pixels, composer.style.em)
    column = _columns(composer, 1)[0]
    wanted = int(composer.rng.integers(1, 4))
    for _ in range(8):
        if composer.display(column, kind):
            wanted -= 1
        elif kind == "printed":
            composer.text(column)
        if wanted == 0:
            break


def _prose(composer: Composer) -> None:
    for column in _columns(composer, 1):
        _fill(column, composer.rng, [(0.8, composer.text), (0.2, composer.figure)])


_LAYOUTS: tuple[tuple[Callable[[Composer], None], float, float], ...] = (
    (_worksheet, 21, 44),
    (_exercises, 21, 38),
    (_notebook, 25, 54),
    (_written_exercises, 25, 42),
    (_mixed, 22, 40),
    (_close_up, 56, 110),
    (_prose, 21, 44),
)
_SHARES = (0.25, 0.21, 0.17, 0.09, 0.15, 0.10, 0.03)
