"""Write a formula by hand: scikit-learn's real digits, strokes for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .boxes import Alpha, Box, Points, beside, drawn, grid, join, scaled, stacked, tight
from .expressions import Atom, Big, Fence, Fraction, Grid, Node, Root, Row, Script
from .strokes import AXIS, DIGIT_HEIGHT, glyph, smooth

#: Height of a handwritten digit in pixels.
DIGIT = 52
_UNIT = DIGIT / DIGIT_HEIGHT
_WORDS = (
    "because solve answer note hint total check sketch wrong right where then since hence values "
    "graph slope points area done see page cost price apples metres minutes class name test"
)


@dataclass(frozen=True, slots=True)
class Hand:
    """One way of writing: pen width in pixels, slant (x per y), unsteadiness in grid units."""

    pen: float
    slant: float
    jitter: float
    spacing: float


class Writer:
    """Writes formulas in one hand with the digits of one split."""

    def __init__(
        self, rng: np.random.Generator, hand: Hand, digits: dict[int, tuple[int, ...]]
    ) -> None:
        """Take digits: for 0–9 the indices into scikit-learn's digits that this split may use."""
        self._rng = rng
        self._hand = hand
        self._digits = digits

    def write(self, node: Node) -> Box:
        """Write a tree; the box is tight."""
        return tight(self._node(node))

    def word(self) -> Box:
        """Write a word."""
        words = _WORDS.split()
        return self.write(Atom(words[int(self._rng.integers(len(words)))]))

    def scrawl(self) -> Box:
        """Scrawl a word-like line of loops that says nothing."""
        letters = int(self._rng.integers(2, 6))
        x = np.cumsum(self._rng.uniform(0.6, 1.4, letters * 2))
        up = self._rng.choice([2.8, 3.4, 0.2, 4.2], letters)
        y = np.stack([up, self._rng.uniform(5.2, 6.6, letters)], axis=1).ravel()
        stroke = smooth(np.stack([x, y], axis=1).astype(np.float32))
        return tight(self._drawn([stroke]))

    def _node(self, node: Node) -> Box:
        match node:
            case Atom(text):
                return self._beside([self._character(character) for character in text])
            case Row(parts):
                return self._beside([self._node(part) for part in parts], 1.8)
            case Fraction(top, bottom):
                return self._fraction(self._node(top), self._node(bottom))
            case Script(base, above, below):
                return self._scripts(self._node(base), above, below)
            case Root(body):
                return self._root(self._node(body))
            case Big():
                return self._big(node)
            case Fence(left, body, right):
                inner = self._node(body)
                return self._beside([self._fence(left, inner), inner, self._fence(right, inner)])
            case Grid(rows, left, right):
                cells = [[self._node(cell) for cell in line] for line in rows]
                block = grid(cells, (4.5 * _UNIT, 2.6 * _UNIT), centred=left != "{")
                sides = [self._fence(kind, block) for kind in (left, right) if kind != "."]
                return self._beside([sides[0], block, *sides[1:]], 1.0)

    def _beside(self, boxes: list[Box], gap: float = 0.9) -> Box:
        width = gap * self._hand.spacing * _UNIT
        shift = self._rng.normal(0, self._hand.jitter * _UNIT * 0.6, len(boxes))
        moved = [Box(box.alpha, box.axis + float(dy)) for box, dy in zip(boxes, shift, strict=True)]
        return beside(moved, (self._rng.uniform(0.7, 1.3, len(boxes)) * width).tolist())

    def _character(self, character: str) -> Box:
        if character.isdigit():
            source = self._digits[int(character)]
            lines = digit_lines(source[int(self._rng.integers(len(source)))])
            return _penned(lines, self._hand)
        strokes = [smooth(self._shaken(stroke)) for stroke in glyph(character)]
        return tight(self._drawn(strokes))

    def _shaken(self, stroke: Points) -> Points:
        return stroke + self._rng.normal(0, self._hand.jitter, stroke.shape).astype(np.float32)

    def _drawn(self, strokes: list[Points]) -> Box:
        lean = [s - [0, AXIS] for s in strokes]
        lean = [np.stack([s[:, 0] - self._hand.slant * s[:, 1], s[:, 1]], axis=1) for s in lean]
        return drawn([(s * _UNIT).astype(np.float32) for s in lean], self._hand.pen)

    def _line(self, width: float) -> Box:
        n = 5
        y = self._rng.normal(0, self._hand.jitter * 0.7, n) * _UNIT
        points = np.stack([np.linspace(0, width, n), y], axis=1).astype(np.float32)
        return tight(drawn([smooth(points)], self._hand.pen))

    def _fraction(self, top: Box, bottom: Box) -> Box:
        bar = self._line(max(top.width, bottom.width) + 1.6 * _UNIT)
        return stacked([top, bar, bottom], 0.9 * _UNIT, axis_of=1)

    def _scripts(self, base: Box, above: Node | None, below: Node | None) -> Box:
        placed: list[tuple[Box, float, float]] = [(base, 0.0, -base.axis)]
        x = base.width + 0.4 * _UNIT
        if above is not None:
            box = scaled(self._node(above), 0.62)
            placed.append((box, x, -base.axis - 0.55 * box.height))
        if below is not None:
            box = scaled(self._node(below), 0.62)
            placed.append((box, x, base.height - base.axis - 0.45 * box.height))
        return join(placed, 0.0)

    def _root(self, body: Box) -> Box:
        h, u = body.height + 1.2 * _UNIT, _UNIT
        hook = [
            [0, 0.55 * h],
            [0.7 * u, 0.45 * h],
            [1.7 * u, h],
            [2.6 * u, 0],
            [3.6 * u + body.width, 0],
        ]
        sign = drawn([np.array(hook, np.float32)], self._hand.pen)
        top = sign.axis - 1.0 * u
        return join([(body, 3.0 * u, 0.0), (sign, -self._hand.pen, -top - 1.9 * u)], body.axis)

    def _big(self, node: Big) -> Box:
        low = scaled(self._node(node.low), 0.6)
        high = scaled(self._node(node.high), 0.6) if node.high is not None else None
        if node.sign == "lim":
            return stacked([self._node(Atom("lim")), low], 0.7 * _UNIT, axis_of=0)
        sign = self._character(node.sign)
        sign = Box(sign.alpha, sign.height / 2)
        if node.sign == "∑" and high is not None:
            return stacked([high, sign, low], 0.7 * _UNIT, axis_of=1)
        placed = [(sign, 0.0, -sign.axis), (low, 0.8 * sign.width, sign.axis - 0.5 * low.height)]
        if high is not None:
            placed.append((high, sign.width + 0.3 * _UNIT, -sign.axis - 0.3 * high.height))
        return join(placed, 0.0)

    def _fence(self, kind: str, body: Box) -> Box:
        h = (body.height + 1.4 * _UNIT) / DIGIT_HEIGHT
        shapes = {"[": "20 00 06 26", "]": "00 20 26 06", "|": "10 16"}
        if kind in shapes:
            strokes = [np.array([[int(p[0]), int(p[1])] for p in shapes[kind].split()], np.float32)]
        else:
            strokes = [smooth(stroke) for stroke in glyph(kind)]
        middle = body.height / 2 - body.axis
        lines = [np.stack([s[:, 0] * _UNIT, (s[:, 1] - 3) * h + middle], axis=1) for s in strokes]
        return tight(drawn([line.astype(np.float32) for line in lines], self._hand.pen))


@cache
def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images, bunch.target


def digit_indices(share: tuple[int, int, int]) -> dict[int, tuple[int, ...]]:
    """List, for 0–9, the samples whose index modulo share[2] lies in [share[0], share[1])."""
    _, target = _digits()
    low, high, modulus = share
    place = np.arange(len(target)) % modulus
    mine = (place >= low) & (place < high)
    return {d: tuple(np.flatnonzero(mine & (target == d)).tolist()) for d in range(10)}


@cache
def digit_lines(index: int) -> Alpha:
    """Upscale, smooth and thin one 8 × 8 digit to its centre line: [h, w] uint8 of 0 and 1."""
    image = np.pad(_digits()[0][index] / 16.0, 1).astype(np.float32)
    large = cv2.GaussianBlur(
        cv2.resize(image, (80, 80), interpolation=cv2.INTER_CUBIC), (0, 0), 2.4
    )
    shape: Alpha = np.pad((large > 0.42).astype(np.uint8), 2)
    rows, columns = (np.flatnonzero(shape.any(axis=axis)) for axis in (1, 0))
    shape = shape[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height = DIGIT - 4
    width = max(4, round(shape.shape[1] * height / shape.shape[0]))
    shape = (cv2.resize(shape * 255, (width, height), interpolation=cv2.INTER_AREA) > 127).astype(
        np.uint8
    )
    lines = _thinned(np.pad(shape, 2))
    # Thinning eats the ends of strokes: stretch what is left to the full height again.
    rows, columns = (np.flatnonzero(lines.any(axis=axis)) for axis in (1, 0))
    lines = lines[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = (max(3, round(lines.shape[1] * DIGIT / lines.shape[0])), DIGIT)
    return np.asarray(cv2.resize(lines, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _thinned(shape: Alpha) -> Alpha:
    """Thin a shape to lines (Zhang and Suen, CACM 27(3), 1984)."""
    shape = shape.copy()
    while True:
        before = int(shape.sum())
        for odd in (False, True):
            padded = np.pad(shape, 1)
            h, w = shape.shape
            around = [(0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)]
            p = np.stack([padded[y : y + h, x : x + w] for y, x in around])
            count = p.sum(axis=0)
            turns = ((p == 0) & (np.roll(p, -1, axis=0) == 1)).sum(axis=0)
            n, e, s, west = p[0], p[2], p[4], p[6]
            open_sides = (
                ((n & e & west) | (n & s & west)) if odd else ((n & e & s) | (e & s & west))
            )
            gone = (shape == 1) & (count >= 2) & (count <= 6) & (turns == 1) & (open_sides == 0)
            shape[gone] = 0
        if int(shape.sum()) == before:
            return shape


def _penned(lines: Alpha, hand: Hand) -> Box:
    """Go over a digit's centre line with the pen and lean it like the rest."""
    pad = int(np.ceil(hand.pen)) + 2
    h, w = lines.shape
    lean = np.array([[1, -hand.slant, pad + hand.slant * h / 2], [0, 1, pad]], np.float32)
    size = (w + 2 * pad, h + 2 * pad)
    moved = cv2.warpAffine((lines * 255).astype(np.uint8), lean, size, flags=cv2.INTER_LINEAR)
    distance = cv2.distanceTransform((moved < 100).astype(np.uint8), cv2.DIST_L2, 3)
    alpha = np.clip((hand.pen / 2 - distance) * 1.2 + 0.6, 0, 1) * 255
    return tight(Box(alpha.astype(np.uint8), pad + AXIS * _UNIT))
