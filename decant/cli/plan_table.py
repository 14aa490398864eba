"""Prints what came of a search for mixed files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from ..fidelity import decibels
from .printed_table import UNBROKEN, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from decant.plan_report import PlanReport, Point

    from .terminal import Terminal

SHOWN_GROUPS = 8
"""Modules of which the cost in accuracy is printed."""


def show_plan(terminal: Terminal, plan: PlanReport, files: Mapping[str, Path]) -> None:
    """Print what was measured of each file, what costs accuracy, and which file to ship.

    Args:
        terminal: Where to print.
        plan: What was found.
        files: By name of the candidate.
    """
    timed = [point for point in plan.points if point.latency_ratio is not None]
    if timed:
        terminal.result("time on one thread, relative to the float file, measured in turns")
        print_table(terminal, _timed(timed), terminal.columns or UNBROKEN)
    _show_groups(terminal, plan)
    if plan.stopped == "time":
        terminal.result(
            f"the search's time was over after {plan.spent_s:.0f} s; with more (budget) it may "
            "find a faster file"
        )
    shipped = files.get(plan.chosen)
    terminal.result(
        f"ship {shipped}"
        if shipped is not None
        else "ship the float file: no candidate keeps what is asked of it and costs less"
    )


def _timed(points: Sequence[Point]) -> Table:
    """Lay out what was measured of each file; the metric's drop where there is a metric."""
    graded = any(point.drop is not None for point in points)
    table = Table("file", box=None, pad_edge=False)
    for column in ("time", "weakest part", *(["metric's drop"] if graded else [])):
        table.add_column(column, justify="right")
    table.add_column("operators")
    for point in points:
        drop = ["–" if point.drop is None else f"{point.drop:+.4f}"] if graded else []
        cells = (f"{point.latency_ratio:.2f} ×", decibels(point.snr_db), *drop)
        table.add_row(point.name, *cells, _schemes(point.schemes))
    return table


def _schemes(counts: Mapping[str, int]) -> str:
    """Write how many operators compute in which scheme; of one scheme alone its name."""
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _show_groups(terminal: Terminal, plan: PlanReport) -> None:
    """Print which modules cost most accuracy, with what they would gain in int8."""
    from decant.bench import formatting

    if not plan.groups:
        return
    table = Table("module", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for column in ("float", "int8", "outputs keep"):
        table.add_column(column, justify="right")
    table.add_column(f"in {plan.chosen}" if plan.chosen != "float" else "in the float file")
    for group in plan.groups[:SHOWN_GROUPS]:
        times = (formatting.milliseconds(ms) for ms in (group.float_ms, group.int8_ms))
        table.add_row(group.module, *times, decibels(group.snr_db), _schemes(group.schemes))
    terminal.result("what costs most accuracy where it alone is int8")
    print_table(terminal, table, terminal.columns or UNBROKEN)
