"""Draws what was measured as a table for the terminal."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from .terminal import Terminal

PLAIN_WIDTH = 120
# Columns that the table of files takes with its intervals.
WIDE = 105
UNBROKEN = 10_000
# What `decant.quantize` reports where nothing differs, and where the float file gives only zeros.
EXACT_DB, SILENT_DB = 200.0, -200.0
ONE_THREAD = "threads_1"


def show_files(terminal: Terminal, report: Any) -> None:
    """Print size, latency and accuracy of every file of a `decant.bench` report.

    A terminal too narrow for all of it is spared the intervals, which the report has.
    """
    width = terminal.columns or PLAIN_WIDTH
    table = Table("", "file", box=None, pad_edge=False)
    table.columns[1].overflow = "fold"
    drop = "drop (95 %)" if width >= WIDE else "drop"
    for heading in (
        "size",
        "1 thread",
        "× float",
        *((report.metric, drop) if report.metric else ()),
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for entry in report.entries:
        table.add_row(
            *_row(report, entry, intervals=width >= WIDE), style="bold" if entry.chosen else None
        )
    terminal.result(f"{report.model} on {report.machine.cpu}")
    _print(terminal, table, width)


def show_candidates(terminal: Terminal, report: Any, folder: Path) -> None:
    """Print the signal-to-noise ratio of every output, and the size, of every candidate.

    One line per output with its whole name, also where the table is read by a program.

    Args:
        terminal: Where to print.
        report: Of `decant.quantize`.
        folder: Where the candidates lie.
    """
    names = [candidate.name for candidate in report.candidates]
    table = Table("output", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for output in report.candidates[0].snr_db:
        table.add_row(output, *(_decibels(each.snr_db[output]) for each in report.candidates))
    if table.row_count:
        terminal.result(
            "signal-to-noise ratio in dB against the float file"
            f" (samples: {report.measured_samples})"
        )
        _print(terminal, table, terminal.columns or UNBROKEN)
    for each in report.candidates:
        share = each.size_bytes / report.float_size_bytes
        terminal.result(
            f"{folder / each.file}: {each.size_bytes:,} bytes, {share:.2f} × the float file"
        )


def show_verdict(terminal: Terminal, report: Any) -> list[str]:
    """Print a line per requirement; returns those that are not met."""
    line = importlib.import_module("decant.bench.verdict").line
    for row in report.verdict:
        word = row.status if row.passed else "FAIL"
        terminal.result(f"{word:12} {line(row)}")
    terminal.result(f"{report.choice.name}: {report.choice.reason}")
    return [line(row) for row in report.verdict if not row.passed]


def _print(terminal: Terminal, table: Table, width: int) -> None:
    """Lay a table out and print it as any other result."""
    console = Console(file=terminal.out, width=width, highlight=False, markup=False)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        terminal.result(line.rstrip())


def _row(report: Any, entry: Any, *, intervals: bool) -> list[str]:
    time = entry.latency_ms.get(ONE_THREAD)
    cells = ["→" if entry.chosen else "", entry.file, f"{entry.size_bytes / 1e6:.3f} MB"]
    cells += [f"{time.median:.3g} ms", f"{time.ratio_to_reference:.2f}"] if time else ["", ""]
    if report.metric is None:
        return cells
    accuracy, drop = (figures.get(report.metric) for figures in (entry.accuracy, entry.drop))
    cells.append(f"{accuracy.value:.4f}" if accuracy else "")
    interval = f" ({drop.low:+.4f} to {drop.high:+.4f})" if drop and intervals else ""
    return [*cells, f"{drop.value:+.4f}{interval}" if drop else ""]


def _decibels(ratio: float) -> str:
    if ratio == EXACT_DB:
        return "exact"
    return "all zero" if ratio == SILENT_DB else f"{ratio:.1f}"
