"""What a formula says, before anyone has set or written it: a small tree of school mathematics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

#: How a character of an `Atom` is spelled in LaTeX, where it is not spelled as itself.
LATEX = {
    "−": "-",
    "×": r"\times ",
    "÷": r"\div ",
    "±": r"\pm ",
    "·": r"\cdot ",
    "≤": r"\leq ",
    "≥": r"\geq ",
    "≠": r"\neq ",
    "→": r"\to ",
    "∞": r"\infty ",
    "∠": r"\angle ",
    "°": r"^{\circ}",
    "∩": r"\cap ",
    "∪": r"\cup ",
    "∈": r"\in ",
    "π": r"\pi ",
    "θ": r"\theta ",
    "α": r"\alpha ",
    "β": r"\beta ",
    "{": r"\{",
    "}": r"\}",
    "∑": r"\sum",
    "∫": r"\int",
}
#: Names that are set upright and spelled letter by letter when written by hand.
FUNCTIONS = ("sin", "cos", "tan", "log", "ln", "lim")


@dataclass(frozen=True, slots=True)
class Atom:
    """A number, a letter, an operator sign or a function name."""

    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """Parts side by side."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Fraction:
    """One part over another with a bar between them."""

    top: Node
    bottom: Node


@dataclass(frozen=True, slots=True)
class Script:
    """A base with a superscript, a subscript or both."""

    base: Node
    above: Node | None = None
    below: Node | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    body: Node


@dataclass(frozen=True, slots=True)
class Big:
    """A sum, limit or integral sign (`∑`, `lim`, `∫`) with its bounds."""

    sign: str
    low: Node
    high: Node | None = None


@dataclass(frozen=True, slots=True)
class Fence:
    """A part in parentheses or bars, as high as the part."""

    left: str
    body: Node
    right: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells in rows: a matrix, a determinant, a system of equations, a case distinction.

    mathtext has no such thing, so a grid may only be a part of the outermost row, where
    the typesetter composes it from its cells.
    """

    rows: tuple[tuple[Node, ...], ...]
    left: str
    right: str


Node: TypeAlias = Atom | Row | Fraction | Script | Root | Big | Fence | Grid


def row(*parts: Node | str) -> Row:
    """Join parts; a string is split at blanks into atoms."""
    nodes: list[Node] = []
    for part in parts:
        nodes.extend([Atom(word) for word in part.split()] if isinstance(part, str) else [part])
    return Row(tuple(nodes))


def to_latex(node: Node) -> str:
    """Spell a tree in the LaTeX that mathtext reads; a `Grid` as a matrix, for the record only."""
    match node:
        case Atom(text):
            if text in FUNCTIONS:
                return f"\\{text} "
            return "".join(LATEX.get(character, character) for character in text)
        case Row(parts):
            return "".join(to_latex(part) for part in parts)
        case Fraction(top, bottom):
            return rf"\dfrac{{{to_latex(top)}}}{{{to_latex(bottom)}}}"
        case Script(base, above, below):
            return to_latex(base) + _scripts(above, below)
        case Root(body):
            return rf"\sqrt{{{to_latex(body)}}}"
        case Big(sign, low, high):
            name = f"\\{sign}" if sign in FUNCTIONS else LATEX[sign]
            return name + _scripts(high, low) + " "
        case Fence(left, body, right):
            return rf"\left{left}{to_latex(body)}\right{right}"
        case Grid(rows, left, right):
            lines = ("&".join(to_latex(cell) for cell in cells) for cells in rows)
            cells_latex = r"\\".join(lines)
            return rf"\left{left}\begin{{matrix}}{cells_latex}\end{{matrix}}\right{right}"


def _scripts(above: Node | None, below: Node | None) -> str:
    low = "" if below is None else f"_{{{to_latex(below)}}}"
    return low + ("" if above is None else f"^{{{to_latex(above)}}}")
