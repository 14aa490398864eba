"""Draws files of a plan: the time that each takes against what it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from .svg import Axis, line, text, ticks, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 520, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 24, 46
LARGEST, SMALLEST = 15.0, 4.0
"""Radius of a file, in pixels."""
CHARACTER, LINE = 8.6, 17.0
"""Room of a label's character and of its line, as large as a narrow screen shows them."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A file in the figure.

    Attributes:
        name: Of the file.
        colour: Its class.
        ratio: Time over the float file's.
        kept: On the vertical axis; more is better.
        size_bytes: Of the file; 0 where it is not drawn by size.
        hover: Its figures in words.
        chosen: Whether it is the file to ship.
        timed: Whether its time was measured, not foreseen.
    """

    name: str
    colour: str
    ratio: float
    kept: float
    size_bytes: int
    hover: str
    chosen: bool = False
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """What the vertical axis is.

    Attributes:
        title: Of the axis.
        low: Its lower end.
        high: Its upper end.
        levels: Values with a line and a name of their own.
        most: Largest value that has a tick.
        sign: Of the numbers at ticks: -1 where less is better, and so up.
    """

    title: str
    low: float
    high: float
    levels: tuple[tuple[float, str], ...] = ()
    most: float = math.inf
    sign: float = 1.0


def frontier(marks: Sequence[Mark], scale: Scale, title: str) -> str:
    """Draw each file as a spot whose area is its size; a line joins those that none is better than.

    Args:
        marks: The files, the float file among them.
        scale: The vertical axis; what lies outside it is drawn at its end.
        title: Read aloud in place of the figure.
    """
    across = Axis(0.0, 1.12 * max(1.0, *(mark.ratio for mark in marks)), LEFT, WIDTH - RIGHT)
    down = Axis(scale.low, scale.high, HEIGHT - BOTTOM, TOP)
    largest = max(mark.size_bytes for mark in marks) or 1
    places = {
        mark.name: (
            across.at(mark.ratio),
            down.at(min(max(mark.kept, scale.low), scale.high)),
            max(SMALLEST, LARGEST * math.sqrt(mark.size_bytes / largest)),
        )
        for mark in marks
    }
    best = [places[mark.name][:2] for mark in _undominated(marks)]
    track = " ".join(f"{x:.1f},{y:.1f}" for x, y in best)
    parts = [_grid(across, down, scale), f'<polyline class="frontier" points="{track}"/>']
    parts += [_spot(mark, *places[mark.name]) for mark in marks]
    named = [(LEFT, down.at(level), CHARACTER * len(name)) for level, name in scale.levels]
    taken: list[Box] = [(x, y - LINE, x + wide, y) for x, y, wide in named]
    parts += _labels(marks, places, taken)
    parts.append(text(WIDTH - RIGHT, HEIGHT - 8, "time, × float →", "axis", "end"))
    parts.append(text(LEFT - 44, 13, f"↑ {scale.title}", "axis", "start"))
    return whole(WIDTH, HEIGHT, title, "".join(parts))


def _undominated(marks: Sequence[Mark]) -> Iterator[Mark]:
    """Give the timed files than which no other is both faster and better, the fastest first."""
    best = -math.inf
    timed = [mark for mark in marks if mark.timed]
    for mark in sorted(timed, key=lambda each: (each.ratio, -each.kept)):
        if mark.kept > best:
            best = mark.kept
            yield mark


def _grid(across: Axis, down: Axis, scale: Scale) -> str:
    """Draw both axes, the float file's time and the levels."""
    parts = []
    for tick in ticks(across.low, across.high):
        x = across.at(tick)
        parts.append(line(x, TOP, x, HEIGHT - BOTTOM, "zero" if tick == 1 else "grid"))
        parts.append(text(x, HEIGHT - BOTTOM + 17, f"{tick:g}", "tick", "middle"))
    for tick in (tick for tick in ticks(down.low, down.high) if tick <= scale.most):
        y = down.at(tick)
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, "grid"))
        parts.append(text(LEFT - 6, y + 4, f"{scale.sign * tick + 0.0:g}", "tick", "end"))
    for value, name in scale.levels:
        y = down.at(value)
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, "level"))
        parts.append(text(LEFT + 5, y - 4, name, "tick", "start"))
    return "".join(parts)


def _spot(mark: Mark, x: float, y: float, radius: float) -> str:
    """Draw a file; what was not timed is hollow, what is to be shipped is ringed."""
    kind = "bubble" if mark.timed else "bubble hollow"
    place = f'cx="{x:.1f}" cy="{y:.1f}"'
    spot = (
        f'<circle {place} r="{radius:.1f}" class="{kind} {mark.colour}">'
        f"<title>{escape(mark.hover)}</title></circle>"
    )
    return (f'<circle {place} r="{radius + 4:.1f}" class="ring"/>' if mark.chosen else "") + spot


def _labels(
    marks: Sequence[Mark], places: dict[str, tuple[float, float, float]], taken: list[Box]
) -> Iterator[str]:
    """Write names where they hide no other, the shipped file's first; who finds no room has none.

    The figure's table names all of them. What is `taken` already has its words.
    """
    spots = {
        name: (x - radius, y - radius, x + radius, y + radius)
        for name, (x, y, radius) in places.items()
    }
    for mark in sorted(marks, key=lambda each: (not each.chosen, not each.timed)):
        others = [box for name, box in spots.items() if name != mark.name]
        wide = CHARACTER * len(mark.name)
        for x, y, anchor in _rooms(*places[mark.name]):
            start = {"start": x, "middle": x - wide / 2, "end": x - wide}[anchor]
            box = (start, y - LINE + 4, start + wide, y + 4)
            inside = box[0] >= LEFT - 40 and box[2] <= WIDTH and box[1] >= TOP - 8
            inside = inside and box[3] <= HEIGHT - BOTTOM
            if inside and not any(_meet(box, other) for other in (*taken, *others)):
                taken.append(box)
                yield text(x, y, mark.name, "name" if mark.chosen else "label", anchor)
                break


def _rooms(x: float, y: float, radius: float) -> tuple[tuple[float, float, str], ...]:
    """List where a label may stand beside its spot."""
    beside, above, below = radius + 7, y - radius - 7, y + radius + 17
    return (
        (x + beside, y + 4, "start"),
        (x - beside, y + 4, "end"),
        (x, above, "middle"),
        (x, below, "middle"),
        (x + radius, above, "start"),
        (x - radius, above, "end"),
        (x + radius, below, "start"),
        (x - radius, below, "end"),
    )


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
