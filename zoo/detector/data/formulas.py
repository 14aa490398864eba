"""A seeded grammar of the formulas that school books and pupils write."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .expressions import Atom, Big, Fence, Fraction, Grid, Node, Root, Row, Script, row
from .grammar import Grammar

#: Chance that a formula is composed of cells (a matrix, a system of equations, cases).
GRID_SHARE = 0.12


def draw_formula(rng: np.random.Generator) -> Row:
    """Draw one complete formula: it always holds an operator, relation, root or fraction."""
    grammar = Grammar(rng)
    rules = _GRIDS if grammar.chance(GRID_SHARE) else _RULES
    return grammar.pick(rules)(grammar)


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
    letter, other = g.pick([("a", "b"), ("x", "y"), ("x", "a"), ("m", "n")])
    body = Fence("(", row(letter, g.sign(), g.pick([other, g.number(2, 9)])), ")")
    return row(Script(body, Atom(g.pick("23"))), "=", g.polynomial(letter, 2))


def _arithmetic(g: Grammar) -> Row:
    first, second, third = g.number(2, 99), g.number(2, 99), g.number(10, 999)
    if g.chance(0.3):
        first, second = f"{first}.{g.number(1, 9)}", f"{second}.{g.number(1, 9)}"
    return row(first, g.pick("+−×÷"), second, "=", third)


def _fractions(g: Grammar) -> Row:
    return row(
        g.fraction(), g.pick("+−×÷"), g.fraction(), "=", g.part(g.fraction(), row(g.letter()))
    )


def _fraction_equation(g: Grammar) -> Row:
    return row(g.letter(), "=", g.fraction()) if g.chance(0.4) else row(g.fraction(), "=", g.term())


def _roots(g: Grammar) -> Row:
    return row(g.root(), g.pick("+−×"), g.root(), "=", g.number(2, 9), g.root())


def _powers(g: Grammar) -> Row:
    base = g.pick(["2", "3", "5", "a", "x"])
    first, second, third = (g.power(base, g.number()) for _ in range(3))
    return row(first, "×", second, "=", third)


def _formula_of_roots(g: Grammar) -> Row:
    a, b, c = (
        g.pick([("a", "b", "c"), ("p", "q", "r")])
        if g.chance(0.4)
        else (g.number(), g.number(), g.number())
    )
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
        g.part(
            g.polynomial("x"),
            row(g.fraction()),
            g.linear("x"),
            row(g.root(), g.sign(), g.number()),
        ),
    )


def _sum(g: Grammar) -> Row:
    sign = Big("∑", row("k", "=", g.pick("0123")), Atom(g.pick(["n", "10", "20", "∞"])))
    body = g.part(
        g.power("k", g.pick("23")),
        Fence("(", g.linear("k"), ")"),
        Fraction(Atom("1"), g.term("k")),
    )
    if g.chance(0.6):
        return row(sign, body, "=", g.part(row(g.number(10, 400)), row(g.fraction())))
    return row(sign, body)


def _integral(g: Grammar) -> Row:
    letter = g.pick("xxt")
    sign = Big("∫", Atom(g.pick(["0", "1", "−1", "a"])), Atom(g.pick(["2", "3", "π", "b", "x"])))
    body = g.part(
        Fence("(", g.polynomial(letter, 2), ")"),
        g.power(letter, g.number(2, 5)),
        row("sin", letter),
    )
    return row(sign, body, "d" + letter, "=", g.pick([row(g.fraction()), row(g.number(1, 30))]))


def _limit(g: Grammar) -> Row:
    letter = g.pick("xnx")
    sign = Big("lim", row(letter, "→", g.pick(["0", "∞", g.number(1, 5)])))
    body = g.part(
        Fraction(g.polynomial(letter, 2), g.linear(letter)),
        Fraction(row("sin", letter), Atom(letter)),
        g.fraction(),
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
    ]
    # Drawn and dropped: the shipped checkpoint was trained on pages made with a fifth option, and
    # without its draws every formula after it would be another.
    g.number(2, 90), g.pick("ab")
    return g.pick(options)


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
