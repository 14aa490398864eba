"""Each split's stock of rendered formulas and text lines, rendered when first asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from decant.errors import DataError

from . import text
from .boxes import Box, scaled
from .expressions import Atom, Row, to_latex
from .formulas import draw_formula
from .handwriting import Hand, Writer, digit_indices
from .typeset import FONTS, typeset

#: Ways of writing in a split; formula i is written in hand i modulo this.
HANDS = 8
_SHARES = 16


@dataclass(frozen=True, slots=True)
class Split:
    """Where a split's randomness comes from, and how much it keeps in stock.

    Every generator is seeded with an integer in [first_seed, first_seed + 10 million). Formulas
    belong to the split whose `share` (of sixteenths) holds the hash of their LaTeX, handwritten
    digits to the one that holds their index, so no split sees another's.
    """

    first_seed: int
    share: tuple[int, int]
    printed: int
    handwritten: int
    text: int

    @property
    def seeds(self) -> range:
        """All seeds of this split."""
        return range(self.first_seed, self.first_seed + 10_000_000)

    def page_seed(self, index: int) -> int:
        """Seed of a page."""
        return self.first_seed + 5_000_000 + index


SPLITS = {
    "train": Split(10_000_000, (0, 10), 3500, 2400, 600),
    "calibration": Split(20_000_000, (10, 12), 250, 160, 90),
    "validation": Split(30_000_000, (12, 14), 500, 320, 120),
    "test": Split(40_000_000, (14, 16), 1000, 640, 300),
}
_PRINTED, _HANDWRITTEN, _TEXT, _HANDS = 0, 1_000_000, 2_000_000, 3_000_000


def split_named(name: str) -> Split:
    """Look up a split.

    Raises:
        DataError: There is no such split.
    """
    if name not in SPLITS:
        raise DataError(f"there is no split {name!r}; the splits are {', '.join(SPLITS)}")
    return SPLITS[name]


@dataclass(frozen=True, slots=True)
class Formula:
    """A rendered formula: its ink, the seed it was drawn from, and what it says."""

    box: Box
    seed: int
    kind: str
    latex: str


@dataclass(slots=True)
class Bank:
    """The stock of one split; indices wrap around."""

    split: Split
    _formulas: dict[int, Formula] = field(default_factory=dict)
    _texts: dict[int, Box] = field(default_factory=dict)
    _digits: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def printed(self, index: int) -> Formula:
        """Take a printed formula; its font is `FONTS[index % len(FONTS)]`."""
        index %= self.split.printed
        seed = self.split.first_seed + _PRINTED + index
        if seed not in self._formulas:
            tree = self._draw(np.random.default_rng(seed))
            box = typeset(tree, FONTS[index % len(FONTS)])
            self._formulas[seed] = Formula(box, seed, "printed", to_latex(tree))
        return self._formulas[seed]

    def handwritten(self, index: int) -> Formula:
        """Take a handwritten formula; it is in hand `index % HANDS`."""
        index %= self.split.handwritten
        seed = self.split.first_seed + _HANDWRITTEN + index
        if seed not in self._formulas:
            rng = np.random.default_rng(seed)
            tree = self._draw(rng)
            box = self.writer(rng, index % HANDS).write(tree)
            self._formulas[seed] = Formula(box, seed, "handwritten", to_latex(tree))
        return self._formulas[seed]

    def text(self, index: int, korean: bool) -> Box:
        """Take a line of one to six words."""
        index = 2 * (index % (self.split.text // 2)) + int(korean)
        if index not in self._texts:
            rng = np.random.default_rng(self.split.first_seed + _TEXT + index)
            self._texts[index] = text.line(rng, korean, 1 + index // 2 % 6)
        return self._texts[index]

    def writer(self, rng: np.random.Generator, hand: int) -> Writer:
        """Take one of the split's hands."""
        if not self._digits:
            self._digits = digit_indices((*self.split.share, _SHARES))
        style = np.random.default_rng(self.split.first_seed + _HANDS + hand % HANDS)
        pen, slant = style.uniform(2.4, 5.5), style.uniform(-0.1, 0.3)
        jitter, spacing = style.uniform(0.06, 0.24), style.uniform(0.75, 1.3)
        return Writer(rng, Hand(pen, slant, jitter, spacing), self._digits)

    def number(self, rng: np.random.Generator, hand: int, number: int, scale: float) -> Box:
        """Write the number of an exercise by hand, with a closing parenthesis."""
        return scaled(self.writer(rng, hand).write(Atom(f"{number})")), scale)

    def _draw(self, rng: np.random.Generator) -> Row:
        while True:
            tree = draw_formula(rng)
            if self.split.share[0] <= sixteenth(to_latex(tree)) < self.split.share[1]:
                return tree


def sixteenth(latex: str) -> int:
    """Say to which sixteenth of all formulas this one belongs."""
    return hashlib.sha256(latex.encode()).digest()[0] % _SHARES


@cache
def bank(name: str) -> Bank:
    """Open the stock of a split; one per process, since rendering it takes seconds.

    Raises:
        DataError: There is no such split.
    """
    return Bank(split_named(name))
