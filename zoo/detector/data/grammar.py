"""A seeded grammar of the formulas that school books and pupils write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from .expressions import Atom, Big, Fence, Fraction, Grid, Node, Root, Row, Script, row

T = TypeVar("T")

#: Chance that a formula is composed of cells (a matrix, a system of equations, cases).
GRID_SHARE = 0.12


class Grammar:
    """Draws formulas; the same generator state gives the same formulas."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def formula(self) -> Row:
        """Draw one complete formula: it always holds an operator, relation, root or fraction."""
        rules = _GRIDS if self._rng.random() < GRID_SHARE else _RULES
        return self.pick(rules)(self)

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of the options."""
        return options[int(self._rng.integers(len(options)))]

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


def _equation(g: Grammar) -> Row:
    letter = g.letter()
    right = g.linear(letter) if g.chance(0.3) else row(g.number(1, 40))
    return row(g.linear(letter), g.pick("====≤≥≠"), right)


def _quadratic(g: Grammar) -> Row:
    return row(g.polynomial(), "=", g.pick(["0", g.number(1, 30)]))


def _factored(g: Grammar) -> Row:
    letter = g.letter()
    left = [Fence("(", row(letter, g.sign(), g.number(1, 12)), ")") for _ in range(2)]
    return row(*left, "=", g.pick([row("0"), g.polynomial(letter, 2)]))


def _square(g: Grammar) -> Row:
    letter, other = g.pick(["ab", "xy", "xa", "mn"])
    body = Fence("(", row(letter, g.sign(), g.pick([other, g.number(2, 9)])), ")")
    return row(Script(body, Atom(g.pick("23"))), "=", g.polynomial(letter, 2))


def _arithmetic(g: Grammar) -> Row:
    first, second, third = g.number(2, 99), g.number(2, 99), g.number(10, 999)
    if g.chance(0.3):
        first, second = f"{first}.{g.number(1, 9)}", f"{second}.{g.number(1, 9)}"
    return row(first, g.pick("+−×÷"), second, "=", third)


def _fractions(g: Grammar) -> Row:
    return row(
        g.fraction(), g.pick("+−×÷"), g.fraction(), "=", g.pick([g.fraction(), row(g.letter())])
    )


def _fraction_equation(g: Grammar) -> Row:
    return row(g.letter(), "=", g.fraction()) if g.chance(0.4) else row(g.fraction(), "=", g.term())


def _roots(g: Grammar) -> Row:
    return row(g.root(), g.pick("+−×"), g.root(), "=", g.number(2, 9), g.root())


def _powers(g: Grammar) -> Row:
    base = g.pick(["2", "3", "5", "a", "x"])
    return row(
        *[g.power(base, g.number()), "×", g.power(base, g.number()), "="], g.power(base, g.number())
    )


def _formula_of_roots(g: Grammar) -> Row:
    a, b, c = g.pick(["abc", "pqr"]) if g.chance(0.4) else (g.number(), g.number(), g.number())
    under = row(g.power(b, "2"), "−", f"4·{a}·{c}" if a.isdigit() else f"4{a}{c}")
    return row(
        "x",
        "=",
        Fraction(row("−" + b, "±", Root(under)), Atom(f"2·{a}" if a.isdigit() else f"2{a}")),
    )


def _function(g: Grammar) -> Row:
    name = g.pick(["f(x)", "g(x)", "h(x)", "y"])
    return row(
        name,
        "=",
        g.pick(
            [
                g.polynomial("x"),
                row(g.fraction()),
                g.linear("x"),
                row(g.root(), g.sign(), g.number()),
            ]
        ),
    )


def _sum(g: Grammar) -> Row:
    sign = Big("∑", row("k", "=", g.pick("0123")), Atom(g.pick(["n", "10", "20", "∞"])))
    body = g.pick(
        [
            g.power("k", g.pick("23")),
            Fence("(", g.linear("k"), ")"),
            Fraction(Atom("1"), g.term("k")),
        ]
    )
    return (
        row(sign, body, "=", g.pick([row(g.number(10, 400)), row(g.fraction())]))
        if g.chance(0.6)
        else row(sign, body)
    )


def _integral(g: Grammar) -> Row:
    letter = g.pick("xxt")
    sign = Big("∫", Atom(g.pick(["0", "1", "−1", "a"])), Atom(g.pick(["2", "3", "π", "b", "x"])))
    body = g.pick(
        [
            Fence("(", g.polynomial(letter, 2), ")"),
            g.power(letter, g.number(2, 5)),
            row("sin", letter),
        ]
    )
    return row(sign, body, "d" + letter, "=", g.pick([row(g.fraction()), row(g.number(1, 30))]))


def _limit(g: Grammar) -> Row:
    letter = g.pick("xnx")
    sign = Big("lim", row(letter, "→", g.pick(["0", "∞", g.number(1, 5)])))
    body = g.pick(
        [
            Fraction(g.polynomial(letter, 2), g.linear(letter)),
            Fraction(row("sin", letter), Atom(letter)),
            g.fraction(),
        ]
    )
    return row(sign, body, "=", g.number(0, 9))


def _trigonometry(g: Grammar) -> Row:
    angle = g.pick("θαβx")
    if g.chance(0.4):
        return row(
            Script(Atom("sin"), Atom("2")),
            angle,
            "+",
            Script(Atom("cos"), Atom("2")),
            angle,
            "=",
            "1",
        )
    value = g.pick(
        [row(g.fraction()), row(Fraction(Root(Atom(g.pick("235"))), Atom(g.number(2, 6))))]
    )
    return row(
        g.pick(["sin", "cos", "tan"]),
        g.pick([angle, g.pick(["30°", "45°", "60°", "120°"])]),
        "=",
        value,
    )


def _logarithm(g: Grammar) -> Row:
    log = Script(Atom("log"), None, Atom(g.number(2, 9)))
    return row(
        log,
        g.pick([g.number(2, 81), g.letter()]),
        g.sign(),
        log,
        g.number(2, 30),
        "=",
        g.number(1, 9),
    )


def _sequence(g: Grammar) -> Row:
    term = Script(Atom("a"), None, row("n", "+", "1"))
    return row(
        term, "=", g.number(2, 5), Script(Atom("a"), None, Atom("n")), g.sign(), g.number(1, 9)
    )


def _geometry(g: Grammar) -> Row:
    options = [
        row("S", "=", g.number(2, 9), "π", Script(Atom("r"), Atom("2"))),
        row(
            "V",
            "=",
            Fraction(Atom(g.number(1, 5)), Atom("3")),
            "π",
            g.power("r", g.pick("23")),
            "h",
        ),
        row("∠", "ABC", "=", g.number(20, 160) + "°"),
        row(g.power("a", "2"), "+", g.power("b", "2"), "=", g.power("c", "2")),
        row("AB", "=", Root(Atom(g.number(2, 90))), g.pick(["cm", "m"])),
    ]
    return g.pick(options[:4])


def _set(g: Grammar) -> Row:
    items = row("{", ",".join(g.number(1, 20) for _ in range(3)), "}")
    return row("A", g.pick("∩∪"), "B", "=", items)


def _inequality(g: Grammar) -> Row:
    return row(g.number(1, 9), g.pick("≤≥"), g.linear(), g.pick("≤≥"), g.number(10, 40))


def _nested(g: Grammar) -> Row:
    inner = Fraction(g.term(), g.fraction()) if g.chance(0.5) else Fraction(g.fraction(), g.term())
    return row(inner, "=", g.pick([row(g.number()), row(g.letter())]))


def _matrix_product(g: Grammar) -> Row:
    sides = g.pick(["()", "[]"])
    columns = int(g.number(1, 2))
    return row(
        _cells(g, 2, 2, sides), _cells(g, 2, columns, sides), "=", _cells(g, 2, columns, sides)
    )


def _matrix_definition(g: Grammar) -> Row:
    lines, columns = int(g.number(2, 3)), int(g.number(1, 3))
    return row(g.pick("ABP"), "=", _cells(g, lines, columns, g.pick(["()", "[]"])))


def _determinant(g: Grammar) -> Row:
    size = int(g.number(2, 3))
    return row(_cells(g, size, size, "||"), "=", g.number(0, 30))


def _cells(g: Grammar, lines: int, columns: int, sides: str) -> Grid:
    def entry() -> Node:
        return Atom(g.pick(["", "", "−"]) + g.pick([g.number(0, 12), g.letter()]))

    cells = tuple(tuple(entry() for _ in range(columns)) for _ in range(lines))
    return Grid(cells, sides[0], sides[1])


def _system(g: Grammar) -> Row:
    lines = int(g.pick("223"))

    def equation() -> Node:
        return row(
            g.number(2, 9) + "x",
            g.sign(),
            g.number(2, 9) + "y",
            *(("+", "z") if lines == 3 else ()),
            "=",
            g.number(1, 30),
        )

    return row(Grid(tuple((equation(),) for _ in range(lines)), "{", "."))


def _cases(g: Grammar) -> Row:
    bound = g.number(0, 5)
    rows = (
        (g.polynomial("x", 2), row("(", "x", "≥", bound, ")")),
        (g.linear("x"), row("(", "x", "<", bound, ")")),
    )
    return row(g.pick("fg") + "(x)", "=", Grid(rows, "{", "."))


_RULES: tuple[Callable[[Grammar], Row], ...] = (
    _equation, _equation, _quadratic, _quadratic, _factored, _square, _arithmetic, _fractions,
    _fraction_equation, _roots, _powers, _formula_of_roots, _function, _function, _sum, _integral,
    _limit, _trigonometry, _logarithm, _sequence, _geometry, _set, _inequality, _nested,
)  # fmt: skip
_GRIDS: tuple[Callable[[Grammar], Row], ...] = (
    _matrix_definition, _matrix_product, _determinant, _system, _system, _cases,
)  # fmt: skip
