"""Draws a race of converters for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from .printed_table import UNBROKEN, print_table

if TYPE_CHECKING:
    from decant.pipeline.documents.routes import RacedFile, RoutesReport

    from .terminal import Terminal

HEADINGS = ("parity", "ops", "transposes", "size", "1 thread", "×")


def show_routes(terminal: Terminal, report: RoutesReport) -> None:
    """Print a row per converter, then why each that has no verified file has none."""
    table = Table("", "route", "outcome", box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for each in report.files:
        best = each.route == report.best
        cells = ("→" if best else "", each.route, each.outcome, *_figures(each))
        table.add_row(*cells, style="bold" if best else None)
    print_table(terminal, table, terminal.columns or UNBROKEN)
    timed = [each.route for each in report.files if each.latency is not None]
    over = f"; ×: time over that of {timed[0]}'s file, the median of ratios taken in turns"
    terminal.result(
        f"parity: largest relative error against the model, {report.samples}{over if timed else ''}"
    )
    for each in report.files:
        if each.reason:
            terminal.result(f"{each.route}: {each.reason}")
        if each.oldest_reason:
            terminal.result(f"{each.route}: {report.oldest}: {each.oldest_reason}")
    terminal.result(f"run by {report.oldest}: {_old(report)}")


def _figures(each: RacedFile) -> tuple[str, ...]:
    """Write what is known of a file's cost."""
    from decant.bench import formatting

    worst = max((parity.max_relative for parity in each.parity), default=None)
    latency = each.latency
    return (
        "" if worst is None else f"{worst:.1e}",
        f"{sum(each.operators.values())}" if each.operators else "",
        "" if each.transposes is None else f"{each.transposes}",
        "" if each.size_bytes is None else formatting.written(each.size_bytes, "bytes"),
        "" if latency is None else formatting.milliseconds(latency.median),
        "" if latency is None else f"{latency.ratio_to_reference:.2f}",
    )


def _old(report: RoutesReport) -> str:
    """Name the routes whose files the oldest runtime runs."""
    tried = [each for each in report.files if each.runs_in_oldest is not None]
    if not tried:
        return "not tried"
    return ", ".join(each.route for each in tried if each.runs_in_oldest) or "none"
