"""The small parts that formulas are drawn from: numbers, terms, fractions, polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from .expressions import Atom, Fraction, Node, Root, Row, Script, row

T = TypeVar("T")


class Grammar:
    """Draws parts of formulas; the same generator state gives the same parts."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of the options."""
        return options[int(self._rng.integers(len(options)))]

    def part(self, *options: Node) -> Node:
        """Draw one of the parts."""
        return self.pick(options)

    def chance(self, share: float) -> bool:
        """Say yes with this probability."""
        return bool(self._rng.random() < share)

    def number(self, low: int = 2, high: int = 12) -> str:
        """Draw a whole number in [low, high]."""
        return str(self._rng.integers(low, high + 1))

    def letter(self) -> str:
        """Draw a variable name."""
        return self.pick("xxxxyyabmnt")

    def sign(self) -> str:
        """Draw plus or minus."""
        return self.pick("+−")

    def linear(self, letter: str | None = None) -> Row:
        """Draw `3x − 5`."""
        return row(self.number(2, 9) + (letter or self.letter()), self.sign(), self.number(1, 20))

    def power(self, letter: str, degree: str) -> Script:
        """Write a power of a letter."""
        return Script(Atom(letter), Atom(degree))

    def polynomial(self, letter: str | None = None, degree: int | None = None) -> Row:
        """Draw `2x³ − x² + 4`."""
        letter = letter or self.letter()
        top = degree or int(self._rng.integers(2, 4))
        first = Atom(self.pick(["", "", self.number(2, 5)]) + letter)
        parts: list[Node | str] = [Script(first, Atom(str(top)))]
        for exponent in range(top - 1, 0, -1):
            if self.chance(0.75):
                term = Atom(self.pick(["", self.number(2, 9)]) + letter)
                parts += [self.sign(), Script(term, Atom(str(exponent))) if exponent > 1 else term]
        return row(*parts, self.sign(), self.number(1, 20))

    def fraction(self) -> Fraction:
        """Draw a fraction of numbers or of linear terms."""
        if self.chance(0.5):
            return Fraction(Atom(self.number(1, 15)), Atom(self.number(2, 20)))
        letter = self.letter()
        return Fraction(self.term(letter), self.term(letter))

    def term(self, letter: str | None = None) -> Node:
        """Draw something short with a letter in it."""
        letter = letter or self.letter()
        kind = self._rng.integers(4)
        if kind == 0:
            return self.linear(letter)
        if kind == 1:
            return self.power(letter, self.number(2, 4))
        if kind == 2:
            return Atom(self.number(2, 9) + letter)
        return row(letter, self.sign(), self.number(1, 9))

    def root(self) -> Root:
        """Draw a square root."""
        return Root(Atom(self.number(2, 80)) if self.chance(0.6) else self.term())
