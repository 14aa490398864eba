"""Draws the report's figures as inline SVG that follows the page's colours; equal in, equal out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from .svg import Axis, line, text, ticks, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..schema import Entry, Estimate

WIDTH, HEIGHT = 520, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 22, 44
BUBBLE = 26.0
ROW, BAR = 58, 9
BARS_END, DROPS_START = 270, 330
LEAST_SPAN = 0.002
"""Of the axis of drops, so that none at all don't fill it."""


@dataclass(frozen=True, slots=True)
class Series:
    """One model of the slice figure: its class names the colour; figures and drops by tag."""

    name: str
    colour: str
    figures: dict[str, Estimate]
    drops: dict[str, Estimate] = field(default_factory=dict)


def tradeoff(
    entries: Sequence[Entry],
    colours: dict[str, str],
    metric: str,
    threads: str,
    limits: tuple[float | None, float | None] = (None, None),
) -> str:
    """Draw latency against accuracy, each file a bubble whose area is its size.

    Args:
        entries: Files with `metric`.
        colours: File → class of its colour.
        metric: On the vertical axis, with its interval.
        threads: Latency setting on the horizontal axis.
        limits: Longest time in ms and lowest accuracy that the spec allows; None where free.
    """
    times = {entry.name: entry.latency_ms[threads].median for entry in entries}
    slowest = max(*times.values(), limits[0] or 0.0)
    across = Axis(0.0, slowest * 1.12, LEFT, WIDTH - RIGHT)
    estimates = [entry.accuracy[metric] for entry in entries]
    edges = [edge for each in estimates for edge in (each.low, each.high)]
    span = max(max(edges) - min(edges), 0.01)
    # A floor far below every file would squeeze them together.
    longest, floor = limits[0], limits[1]
    if floor is not None and floor < min(edges) - span:
        floor = None
    edges += [] if floor is None else [floor]
    margin = 0.15 * span
    down = Axis(min(edges) - margin, max(edges) + margin, HEIGHT - BOTTOM, TOP)
    largest = max(entry.size_bytes for entry in entries)
    parts = [_grid(across, down), _limit_lines(across, down, longest, floor)]
    for entry in entries:
        x, y = across.at(times[entry.name]), down.at(entry.accuracy[metric].value)
        radius = BUBBLE * math.sqrt(entry.size_bytes / largest)
        parts.append(_bubble(entry, colours[entry.name], x, y, radius))
        whisker = (down.at(entry.accuracy[metric].low), down.at(entry.accuracy[metric].high))
        parts.append(line(x, whisker[0], x, whisker[1], "whisker"))
    title = f"{metric} against latency with {threads.replace('_', ' = ')}"
    axes = text(WIDTH - RIGHT, HEIGHT - 6, "median latency, ms →", "axis", "end")
    axes += text(LEFT - 44, 12, f"↑ {metric}, test set", "axis", "start")
    return whole(WIDTH, HEIGHT, title, "".join(parts) + axes)


def slices(rows: Sequence[tuple[str, int]], series: Sequence[Series], metric: str) -> str:
    """Draw per slice and model a bar, and beside it the drop, which is too small to see in bars.

    Args:
        rows: Tag and number of samples of each slice, from top to bottom.
        series: Models, each with the figures by tag; those with drops are drawn on the right.
        metric: Named in the title.
    """
    bottom = TOP + ROW * len(rows)
    across = Axis(0.0, 1.0, 8, BARS_END)
    beside = _drop_axis(series)
    parts = [
        _ruler(across, (0.0, 0.5, 1.0), bottom),
        _ruler(beside, ticks(beside.low, beside.high, 3), bottom),
        line(beside.at(0), TOP - 6, beside.at(0), bottom, "zero"),
        text(across.start, 12, metric, "axis", "start"),
        text(WIDTH - 8, 12, f"drop of {metric}, right of the line: worse", "axis", "end"),
    ]
    for index, (tag, count) in enumerate(rows):
        top = TOP + index * ROW
        parts.append(text(8, top + 15, f"{tag} · {count} samples", "name", "start"))
        for place, each in enumerate(series):
            y = top + 22 + place * (BAR + 2)
            if tag in each.figures:
                parts.append(_bar(across, y, each.figures[tag], each))
            if tag in each.drops:
                parts.append(_drop(beside, y + BAR / 2, each.drops[tag], each))
    return whole(WIDTH, bottom + 26, f"{metric} per slice", "".join(parts))


def _drop_axis(series: Sequence[Series]) -> Axis:
    """Span all drops with their intervals, and zero."""
    drops = [drop for each in series for drop in each.drops.values()]
    low = min((drop.low for drop in drops), default=0.0)
    high = max((drop.high for drop in drops), default=0.0)
    margin = 0.08 * max(high - low, LEAST_SPAN)
    return Axis(
        min(low, -LEAST_SPAN / 2) - margin,
        max(high, LEAST_SPAN / 2) + margin,
        DROPS_START,
        WIDTH - 12,
    )


def _ruler(across: Axis, marks: Sequence[float], bottom: float) -> str:
    return "".join(
        line(across.at(mark), TOP, across.at(mark), bottom, "grid")
        + text(across.at(mark), bottom + 16, f"{mark:g}", "tick", "middle")
        for mark in marks
    )


def _drop(beside: Axis, y: float, drop: Estimate, series: Series) -> str:
    hover = f"{series.name}: {drop.value:+.4f} ({drop.low:+.4f} … {drop.high:+.4f})"
    return (
        line(beside.at(drop.low), y, beside.at(drop.high), y, "whisker")
        + f'<circle cx="{beside.at(drop.value):.1f}" cy="{y:.1f}" r="4" '
        f'class="drop {series.colour}"><title>{escape(hover)}</title></circle>'
    )


def _grid(across: Axis, down: Axis) -> str:
    parts = []
    for tick in ticks(across.low, across.high):
        x = across.at(tick)
        parts.append(line(x, TOP, x, HEIGHT - BOTTOM, "grid"))
        parts.append(text(x, HEIGHT - BOTTOM + 16, f"{tick:g}", "tick", "middle"))
    # Metrics are fractions; the axis only reaches further for the bubbles' sake.
    for tick in (tick for tick in ticks(down.low, down.high) if 0 <= tick <= 1):
        y = down.at(tick)
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, "grid"))
        parts.append(text(LEFT - 6, y + 4, f"{tick:g}", "tick", "end"))
    return "".join(parts)


def _limit_lines(across: Axis, down: Axis, longest: float | None, lowest: float | None) -> str:
    """Draw the spec's limits as dashed lines."""
    found = ""
    if longest is not None:
        x = across.at(longest)
        found += line(x, TOP, x, HEIGHT - BOTTOM, "limit")
        found += text(x - 4, TOP + 10, "slowest allowed", "tick", "end")
    if lowest is not None:
        y = down.at(lowest)
        found += line(LEFT, y, WIDTH - RIGHT, y, "limit")
        found += text(WIDTH - RIGHT, y - 4, "lowest allowed", "tick", "end")
    return found


def _bubble(entry: Entry, colour: str, x: float, y: float, radius: float) -> str:
    ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius + 4:.1f}" class="ring"/>'
    spot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="bubble {colour}"/>'
    return (ring if entry.chosen else "") + spot


def _bar(across: Axis, y: float, figure: Estimate, series: Series) -> str:
    end = across.at(figure.value)
    middle = y + BAR / 2
    hover = f"{series.name}: {figure.value:.4f} ({figure.low:.4f} … {figure.high:.4f})"
    return (
        f'<rect x="{across.start:.1f}" y="{y:.1f}" width="{max(0.5, end - across.start):.1f}" '
        f'height="{BAR}" rx="2" class="bar {series.colour}"><title>{escape(hover)}</title></rect>'
        + line(across.at(figure.low), middle, across.at(figure.high), middle, "whisker")
        + text(across.at(figure.high) + 5, middle + 3.5, f"{figure.value:.3f}", "figure", "start")
    )
