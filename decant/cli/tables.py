"""Draws what was measured as a table for the terminal."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from .terminal import Terminal

PLAIN_WIDTH = 120
ONE_THREAD = "threads_1"


def show_files(terminal: Terminal, report: Any) -> None:
    """Print size, latency and accuracy of every file of a `decant.bench` report."""
    table = Table(title=f"{report.model} on {report.machine.cpu}", title_justify="left")
    table.add_column("")
    for heading in ("file", "size", "1 thread", "× float", report.metric, "drop (95 %)"):
        if heading is not None:
            table.add_column(heading, justify="left" if heading == "file" else "right")
    for entry in report.entries:
        table.add_row(*_row(report, entry), style="bold" if entry.chosen else None)
    width = None if terminal.out.isatty() else PLAIN_WIDTH
    Console(file=terminal.out, width=width, highlight=False).print(table)


def show_verdict(terminal: Terminal, report: Any) -> list[str]:
    """Print a line per requirement; returns those that are not met."""
    line = importlib.import_module("decant.bench.verdict").line
    for row in report.verdict:
        word = row.status if row.passed else "FAIL"
        terminal.result(f"{word:12} {line(row)}")
    terminal.result(f"{report.choice.name}: {report.choice.reason}")
    return [line(row) for row in report.verdict if not row.passed]


def _row(report: Any, entry: Any) -> list[str]:
    time = entry.latency_ms.get(ONE_THREAD)
    cells = ["→" if entry.chosen else "", entry.file, f"{entry.size_bytes / 1e6:.3f} MB"]
    cells += [f"{time.median:.2f} ms", f"{time.ratio_to_reference:.2f}"] if time else ["", ""]
    if report.metric is None:
        return cells
    accuracy, drop = (figures.get(report.metric) for figures in (entry.accuracy, entry.drop))
    cells.append(f"{accuracy.value:.4f}" if accuracy else "")
    cells.append(f"{drop.value:+.4f} ({drop.low:+.4f} to {drop.high:+.4f})" if drop else "")
    return cells
