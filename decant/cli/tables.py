"""Draws what was measured as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from ..errors import GateFailed
from ..fidelity import SCALE, decibels, weakest
from ..files import REPORT
from .plan_table import show_plan
from .printed_table import UNBROKEN, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from decant.bench import Report
    from decant.bench.schema import Entry
    from decant.pipeline import Measured, Quantized
    from decant.quantize import QuantizeReport

    from ..fidelity import Part
    from .terminal import Terminal

# How much the table of files shows: all; then without the files' names, intervals, ratios.
FULL, INTERVALS, RATIOS, BARE = range(4)
FILE_NAME = "file name"
NOT_MET = "not met"


def give_measured(terminal: Terminal, measured: Measured) -> None:
    """Give what was measured.

    Raises:
        GateFailed: If a requirement is not met.
    """
    terminal.give(measured, show_measured)
    if measured.broken:
        raise GateFailed("not every requirement is met:\n  " + "\n  ".join(measured.broken))


def show_measured(terminal: Terminal, measured: Measured) -> None:
    """Print what was measured, and of a model the verdict."""
    report = measured.report
    show_files(terminal, report)
    if report.metric is not None:
        show_verdict(terminal, report)
    elif measured.folder is not None:
        terminal.result(f"{measured.folder / REPORT}")


def show_files(terminal: Terminal, report: Report) -> None:
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
    print_table(terminal, table, width)
    if detail != BARE:
        terminal.result("×: time over the float file's, the median of ratios taken in turns")
    _show_warning(terminal, report)


def show_quantized(terminal: Terminal, made: Quantized) -> None:
    """Print what is known of the candidates; warnings and notes are no results."""
    for warning in made.report.warnings:
        terminal.say(f"warning: {warning}")
    for note in made.report.notes:
        terminal.say(f"note: {note}")
    show_candidates(terminal, made)


def show_candidates(terminal: Terminal, made: Quantized) -> None:
    """Print what every output keeps, of every signature where there are several, and every size.

    Args:
        terminal: Where to print.
        made: What there is.
    """
    from decant.quantize import QuantizeReport

    report = made.report
    if isinstance(report, QuantizeReport):
        _show_ratios(terminal, report)
    else:
        for name, signature in report.signatures.items():
            terminal.result(f"signature {name}")
            _show_ratios(terminal, signature)
    for each in report.candidates:
        share = each.size_bytes / report.float_size_bytes
        unfit = "" if each.fit else "; unfit"
        size = f"{each.size_bytes:,} bytes, {share:.2f} × the float file"
        terminal.result(f"{made.folder / each.file}: {size}{unfit}")
    if isinstance(report, QuantizeReport):
        _show_onnx(terminal, made.folder, report)
        if report.plan is not None:
            files = {each.name: made.folder / each.file for each in report.candidates}
            show_plan(terminal, report.plan, files)


def _show_onnx(terminal: Terminal, folder: Path, report: QuantizeReport) -> None:
    """Print the ONNX forms, with how near ONNX Runtime comes to each file with them."""
    for each in report.candidates:
        if each.qdq is None:
            continue
        ratios = each.qdq.file_snr_db
        near = f"; ONNX Runtime beside LiteRT: {decibels(min(ratios.values()))}" if ratios else ""
        terminal.result(f"{folder / each.qdq.file}: {each.qdq.size_bytes:,} bytes{near}")


def _show_ratios(terminal: Terminal, report: QuantizeReport) -> None:
    """Print the signal-to-noise ratio of every output with its meaning.

    One line per output with its whole name, also where the table is read by a program; then the
    parts of outputs that are not good.
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
        print_table(terminal, table, terminal.columns or UNBROKEN)
        terminal.result(f"in dB against the float file: {SCALE}")
    for each in report.candidates:
        for part in each.parts:
            if part.meaning != "good":
                terminal.result(f"{each.name}: {part}")


def _samples(report: QuantizeReport) -> str:
    """Say what ranges and ratios come from; a lone sample serves for both."""
    measured, calibrated = report.measured_samples, report.calibration_samples
    if not calibrated:
        return f"samples: {measured}"
    held_out = " held out" if calibrated > 1 else ""
    return f"samples: {calibrated} to calibrate, {measured}{held_out} to measure"


def show_verdict(terminal: Terminal, report: Report) -> None:
    """Print a line per requirement, and what was chosen."""
    from decant.bench.verdict import line

    for row in report.verdict:
        terminal.result(f"{row.status if row.passed else NOT_MET:12}  {line(row)}")
    file = report.chosen.file
    terminal.result(f"chosen: {report.choice.name} ({file}), {report.choice.reason}")
    for passed_over in report.choice.passed_over:
        terminal.result(f"  {passed_over}")


def _show_one(terminal: Terminal, report: Report, width: int) -> None:
    """Print a line per figure of a file that has nothing to be compared with."""
    from decant.bench import formatting

    entry = report.reference
    profile, cost = entry.profile, entry.footprint
    partitions = formatting.count(profile.partitions, "partition")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row("size", formatting.written(entry.size_bytes, "bytes"))
    for setting, time in entry.latency_ms.items():
        median, p90 = map(formatting.milliseconds, (time.median, time.p90))
        times = f"{median}, 9 in 10 within {p90}"
        table.add_row(f"latency, {formatting.threads_of(setting)}", times)
    table.add_row("load", f"{cost.load_ms:.0f} ms")
    table.add_row("peak memory", formatting.written(cost.peak_memory_bytes, "bytes"))
    operators = formatting.count(sum(profile.operators.values()), "operator")
    table.add_row("in XNNPACK", f"{profile.delegated} of {operators}, {partitions}")
    terminal.result(f"{entry.file} on {report.machine.cpu}")
    print_table(terminal, table, width)
    _show_warning(terminal, report)


def _show_warning(terminal: Terminal, report: Report) -> None:
    from decant.bench import disturbance

    busy = disturbance.warning(report)
    if busy:
        terminal.result(f"warning: {busy}")


def _files(report: Report, detail: int) -> Table:
    """Lay out what was measured of every file, in some detail."""
    table = Table("", box=None, pad_edge=False)
    table.add_column("file", overflow="fold")
    for heading in _headings(report, detail):
        name = heading == FILE_NAME
        table.add_column(
            heading, justify="left" if name else "right", no_wrap=not name, overflow="fold"
        )
    for entry in report.entries:
        cells = _row(report, entry, detail)
        table.add_row(*cells, style="bold" if entry.chosen else None)
    return table


def _headings(report: Report, detail: int) -> list[str]:
    from decant.bench import formatting

    found = [FILE_NAME, "size"] if detail == FULL else ["size"]
    for setting in report.reference.latency_ms:
        found.append(formatting.threads_of(setting))
        found += ["×"] if detail != BARE else []
    return [*found, str(report.metric), "drop (95 %)" if detail <= INTERVALS else "drop"]


def _row(report: Report, entry: Entry, detail: int) -> list[str]:
    """Write the cells of one file."""
    from decant.bench import formatting

    cells = ["→" if entry.chosen else "", entry.name if entry.fit else f"{entry.name} (unfit)"]
    cells += [entry.file] if detail == FULL else []
    cells.append(formatting.written(entry.size_bytes, "bytes"))
    for time in entry.latency_ms.values():
        cells.append(formatting.milliseconds(time.median))
        cells += [f"{time.ratio_to_reference:.2f}"] if detail != BARE else []
    accuracy, drop = (figures.get(str(report.metric)) for figures in (entry.accuracy, entry.drop))
    cells.append(f"{accuracy.value:.4f}" if accuracy else "")
    if drop is None:
        return [*cells, ""]
    bounds = f" ({formatting.signed(drop.low)} to {formatting.signed(drop.high)})"
    return [*cells, formatting.signed(drop.value) + (bounds if detail <= INTERVALS else "")]


def _natural_width(table: Table) -> int:
    """Say how many columns a table takes without a line broken."""
    console = Console(width=UNBROKEN)
    return Measurement.get(console, console.options, table).maximum


def _judged(part: Part) -> str:
    """Write a ratio without its unit, and what it means."""
    return f"{decibels(part.snr_db).removesuffix(' dB')} {part.meaning}"
