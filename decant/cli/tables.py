"""Draws what was measured as a table for the terminal."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from ..fidelity import SCALE, decibels, weakest

if TYPE_CHECKING:
    from pathlib import Path

    from ..fidelity import Part
    from .terminal import Terminal

# How much the table of files shows: all; then without the files' names, intervals, ratios.
FULL, INTERVALS, RATIOS, BARE = range(4)
FILE_NAME = "file name"
NOT_MET = "not met"
UNBROKEN = 10_000


def show_files(terminal: Terminal, report: Any) -> None:
    """Print size, latency and accuracy of every file of a `decant.bench` report.

    A terminal too narrow for all of it is spared the files' names, then intervals, then ratios,
    which the report has.
    """
    width = terminal.columns or UNBROKEN
    if report.metric is None:
        _show_one(terminal, report, width)
        return
    for detail in (FULL, INTERVALS, RATIOS, BARE):
        table = _files(report, detail)
        if _natural_width(table) <= width:
            break
    terminal.result(f"{report.model} on {report.machine.cpu}")
    _print(terminal, table, width)
    if detail != BARE:
        terminal.result("×: time over the float file's, the median of ratios taken in turns")
    _show_warning(terminal, report)


def show_candidates(terminal: Terminal, report: Any, folder: Path) -> None:
    """Print the signal-to-noise ratio of every output with its meaning, and every file's size.

    One line per output with its whole name, also where the table is read by a program; then the
    parts of outputs that are not good.

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
    found = [weakest(candidate.parts) for candidate in report.candidates]
    for output in found[0]:
        table.add_row(output, *(_judged(parts[output]) for parts in found))
    if table.row_count:
        terminal.result(f"signal-to-noise ratio of each output's weakest part ({_samples(report)})")
        _print(terminal, table, terminal.columns or UNBROKEN)
        terminal.result(f"in dB against the float file: {SCALE}")
    for each in report.candidates:
        for part in each.parts:
            if part.meaning != "good":
                terminal.result(f"{each.name}: {part}")
    for each in report.candidates:
        share = each.size_bytes / report.float_size_bytes
        unfit = "" if each.fit else "; unfit"
        terminal.result(
            f"{folder / each.file}: {each.size_bytes:,} bytes, {share:.2f} × the float file{unfit}"
        )


def _samples(report: Any) -> str:
    """Say what ranges and ratios come from; a lone sample serves for both."""
    measured, calibrated = report.measured_samples, report.calibration_samples
    if not calibrated:
        return f"samples: {measured}"
    held_out = " held out" if calibrated > 1 else ""
    return f"samples: {calibrated} to calibrate, {measured}{held_out} to measure"


def show_verdict(terminal: Terminal, report: Any) -> list[str]:
    """Print a line per requirement; returns those that are not met."""
    line = importlib.import_module("decant.bench.verdict").line
    for row in report.verdict:
        terminal.result(f"{row.status if row.passed else NOT_MET:12}  {line(row)}")
    file = report.chosen.file
    terminal.result(f"chosen: {report.choice.name} ({file}), {report.choice.reason}")
    for passed_over in report.choice.passed_over:
        terminal.result(f"  {passed_over}")
    return [line(row) for row in report.verdict if not row.passed]


def _show_one(terminal: Terminal, report: Any, width: int) -> None:
    """Print a line per figure of a file that has nothing to be compared with."""
    wording = importlib.import_module("decant.bench.wording")
    entry = report.reference
    profile, cost = entry.profile, entry.footprint
    partitions = wording.count(profile.partitions, "partition")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row("size", wording.written(entry.size_bytes, "bytes"))
    for setting, time in entry.latency_ms.items():
        times = (
            f"{wording.milliseconds(time.median)}, 9 in 10 within {wording.milliseconds(time.p90)}"
        )
        table.add_row(f"latency, {wording.threads_of(setting)}", times)
    table.add_row("load", f"{cost.load_ms:.0f} ms")
    table.add_row("peak memory", wording.written(cost.peak_memory_bytes, "bytes"))
    operators = wording.count(sum(profile.operators.values()), "operator")
    table.add_row("in XNNPACK", f"{profile.delegated} of {operators}, {partitions}")
    terminal.result(f"{entry.file} on {report.machine.cpu}")
    _print(terminal, table, width)
    _show_warning(terminal, report)


def _show_warning(terminal: Terminal, report: Any) -> None:
    busy = importlib.import_module("decant.bench.disturbance").warning(report)
    if busy:
        terminal.result(f"warning: {busy}")


def _files(report: Any, detail: int) -> Table:
    """Lay out what was measured of every file, in some detail."""
    wording = importlib.import_module("decant.bench.wording")
    table = Table("", box=None, pad_edge=False)
    table.add_column("file", overflow="fold")
    for heading in _headings(report, detail, wording):
        name = heading == FILE_NAME
        table.add_column(
            heading, justify="left" if name else "right", no_wrap=not name, overflow="fold"
        )
    for entry in report.entries:
        cells = _row(report, entry, detail, wording)
        table.add_row(*cells, style="bold" if entry.chosen else None)
    return table


def _headings(report: Any, detail: int, wording: Any) -> list[str]:
    found = [FILE_NAME, "size"] if detail == FULL else ["size"]
    for setting in report.reference.latency_ms:
        found.append(wording.threads_of(setting))
        found += ["×"] if detail != BARE else []
    return [*found, report.metric, "drop (95 %)" if detail <= INTERVALS else "drop"]


def _row(report: Any, entry: Any, detail: int, wording: Any) -> list[str]:
    """Write the cells of one file."""
    cells = ["→" if entry.chosen else "", entry.name if entry.fit else f"{entry.name} (unfit)"]
    cells += [entry.file] if detail == FULL else []
    cells.append(wording.written(entry.size_bytes, "bytes"))
    for time in entry.latency_ms.values():
        cells.append(wording.milliseconds(time.median))
        cells += [f"{time.ratio_to_reference:.2f}"] if detail != BARE else []
    accuracy, drop = (figures.get(report.metric) for figures in (entry.accuracy, entry.drop))
    cells.append(f"{accuracy.value:.4f}" if accuracy else "")
    if drop is None:
        return [*cells, ""]
    bounds = f" ({wording.signed(drop.low)} to {wording.signed(drop.high)})"
    return [*cells, wording.signed(drop.value) + (bounds if detail <= INTERVALS else "")]


def _natural_width(table: Table) -> int:
    """Say how many columns a table takes without a line broken."""
    console = Console(width=UNBROKEN)
    return Measurement.get(console, console.options, table).maximum


def _print(terminal: Terminal, table: Table, width: int) -> None:
    """Lay a table out and print it as any other result."""
    console = Console(file=terminal.out, width=width, highlight=False, markup=False)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        terminal.result(line.rstrip())


def _judged(part: Part) -> str:
    """Write a ratio without its unit, and what it means."""
    return f"{decibels(part.snr_db).removesuffix(' dB')} {part.meaning}"
