"""Writes `report.html`: one file that shows a report offline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from decant.artifacts import write_text
from decant.fidelity import SCALE, decibels, weakest
from decant.files import GALLERY, PAGE, REPORT

from .. import disturbance
from ..formatting import count, milliseconds, signed, threads_of, written
from ..gallery import load_gallery
from ..preview import polyline
from ..reading import load_report
from ..schema import Estimate, Slice
from ..verdict import limit_of
from . import plots
from .label_tables import MOST_LABELS, confusion_table, label_rows
from .plan import plan_view

if TYPE_CHECKING:
    from decant.fidelity import Part
    from decant.paths import AnyPath

    from ..schema import Entry, Latency, Parity, Report

TEMPLATES = Path(__file__).parent / "templates"
REFERENCE_COLOUR = "float"
CHOSEN_COLOUR = "shown"
OTHER_COLOURS = ("third", "fourth", "fifth")
ONE_THREAD = "threads_1"
# A value stays with its sign and its unit where a table's cell is narrow.
SPACE, NO_BREAK = re.compile(r"(?<=[\d≤≥]) (?!a |…)"), "\N{NO-BREAK SPACE}"


def render(folder: AnyPath) -> Path:
    """Write `report.html` beside the `report.json` and `gallery.json` of a folder.

    Raises:
        DataError: If the report or the gallery is missing or damaged.
    """
    folder = Path(folder)
    report = load_report(folder / REPORT)
    path = folder / PAGE
    write_text(path, page(report, folder))
    return path


def page(report: Report, folder: Path) -> str:
    """Write the page; equal reports and galleries give equal text.

    Raises:
        DataError: If the gallery is damaged.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "atoms": lambda text: SPACE.sub(NO_BREAK, text),
        "bytes": _bytes,
        "count": count,
        "decibels": decibels,
        "drop_interval": _interval,
        "interval": lambda figure: f"{figure.low:.4f} … {figure.high:.4f}",
        "share": lambda value: "–" if value is None else f"{value:.4f}",
        "signed": _signed,
        "signed_number": signed,
        "limit": limit_of,
        "polyline": polyline,
        "ms": milliseconds,
        "threads": threads_of,
        "written": written,
    }
    shown = _shown(report)
    found = colours(report, shown)
    return environment.get_template("report.html.j2").render(
        report=report,
        gallery=load_gallery(folder / GALLERY),
        shown=shown,
        colours=found,
        view=plan_view(report, found),
        tradeoff=_tradeoff(report, shown),
        slices=_slices(report, shown),
        operators=_operators(report),
        hops=_hops(report),
        labels=label_rows(report),
        most_labels=MOST_LABELS,
        confusion=confusion_table(report),
        meanings={name: metric.wording for name, metric in report.metrics.items()},
        label_wording=report.label_wording,
        busy=disturbance.warning(report),
        judged=[entry for entry in report.candidates if entry.parts],
        outputs=_outputs(report),
        ratio_scale=SCALE,
    )


def report_lines(report: Report) -> list[str]:
    """Say the main figures of each file in a line, for a terminal."""
    return [_line(report, entry) for entry in report.entries]


def colours(report: Report, shown: Entry) -> dict[str, str]:
    """Give every file the class of its colour, the same in every figure."""
    others = [each for each in report.candidates if each.name != shown.name]
    found = {
        each.name: OTHER_COLOURS[index % len(OTHER_COLOURS)] for index, each in enumerate(others)
    }
    return found | {shown.name: CHOSEN_COLOUR, report.reference.name: REFERENCE_COLOUR}


def _line(report: Report, entry: Entry) -> str:
    times = [_time(report, *pair) for pair in entry.latency_ms.items()]
    operators = count(sum(entry.profile.operators.values()), "operator")
    parts = [
        f"{entry.size_bytes / 1e6:.3f} MB",
        *times,
        f"loaded in {entry.footprint.load_ms:.0f} ms",
        f"peak memory {entry.footprint.peak_memory_bytes / 1e6:.0f} MB",
        f"{entry.profile.delegated} of {operators} in XNNPACK "
        f"({count(entry.profile.partitions, 'partition')})",
    ]
    if report.metric in entry.accuracy:
        drop = entry.drop[report.metric]
        parts.append(f"{report.metric} {entry.accuracy[report.metric].value:.4f}")
        parts.append(f"drop {_signed(drop)} ({_interval(drop)})")
    mark = " (chosen)" if entry.chosen and report.candidates else ""
    mark += "" if entry.fit else " (unfit)"
    return f"{entry.name}{mark}: " + ", ".join(parts)


def _time(report: Report, setting: str, time: Latency) -> str:
    """Write a time; a file alone has nothing to be compared with."""
    ratio = f" ({time.ratio_to_reference:.2f} × float)" if report.candidates else ""
    return f"{milliseconds(time.median)} with {threads_of(setting)}{ratio}"


def _shown(report: Report) -> Entry:
    """Pick the candidate set beside float: the chosen one, or the first where float was kept."""
    chosen = [each for each in report.candidates if each.chosen]
    return (*chosen, *report.candidates, report.reference)[0]


def _tradeoff(report: Report, shown: Entry) -> str:
    if report.metric is None or report.metric not in report.reference.accuracy:
        return ""
    longest = [
        row.limit * report.reference.latency_ms[ONE_THREAD].median
        if row.unit == "ratio"
        else row.limit
        for row in report.verdict
        if row.requirement.startswith("latency") and "host, 1 thread)" in row.subject
    ]
    floors = [row.limit for row in report.verdict if row.requirement == "min_accuracy"]
    limits = (min(longest, default=None), max(floors, default=None))
    entries = [each for each in report.entries if report.metric in each.accuracy]
    return plots.tradeoff(entries, colours(report, shown), report.metric, ONE_THREAD, limits)


def _slices(report: Report, shown: Entry) -> str:
    """Draw the slices, the greatest drop of the shown file first."""
    metric, pytorch = report.metric, report.pytorch
    if metric is None or pytorch is None:
        return ""
    usable = {tag: each for tag, each in shown.slices.items() if metric in each.drop}
    if not usable:
        return ""
    order = sorted(usable, key=lambda tag: (-usable[tag].drop[metric].value, tag))
    rows = [(tag, usable[tag].count) for tag in order]
    models = {
        "pytorch": ("pytorch", pytorch.test.slices),
        report.reference.name: (REFERENCE_COLOUR, report.reference.slices),
        shown.name: (CHOSEN_COLOUR, shown.slices),
    }
    series = [
        plots.Series(
            name,
            colour,
            _of_metric(parts, metric),
            _drops(parts, metric) if colour != "pytorch" else {},
        )
        for name, (colour, parts) in models.items()
    ]
    return plots.slices(rows, series, metric)


def _of_metric(parts: dict[str, Slice], metric: str) -> dict[str, Estimate]:
    return {tag: each.accuracy[metric] for tag, each in parts.items() if metric in each.accuracy}


def _drops(parts: dict[str, Slice], metric: str) -> dict[str, Estimate]:
    return {tag: each.drop[metric] for tag, each in parts.items() if metric in each.drop}


def _outputs(report: Report) -> dict[str, list[Part]]:
    """Give the weakest part of every output, per file that was judged."""
    found = [weakest(entry.parts) for entry in report.candidates if entry.parts]
    return {output: [parts[output] for parts in found] for output in found[0]} if found else {}


def _operators(report: Report) -> list[tuple[str, list[tuple[int, int]]]]:
    """List every operator with its count, and how many are outside XNNPACK, per file."""
    names = {name for entry in report.entries for name in entry.profile.operators}
    profiles = [entry.profile for entry in report.entries]
    rows = [
        (name, [(each.operators.get(name, 0), each.outside.get(name, 0)) for each in profiles])
        for name in names
    ]
    return sorted(rows, key=lambda row: (-max(count for count, _ in row[1]), row[0]))


def _bytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _signed(figure: Estimate) -> str:
    return signed(figure.value)


def _interval(figure: Estimate) -> str:
    return f"{signed(figure.low)} … {signed(figure.high)}"


def _hops(report: Report) -> list[Parity]:
    """Pick the output that is furthest off at each hop."""
    worst: dict[str, Parity] = {}
    for row in (row for entry in report.entries for row in entry.parity):
        if row.hop not in worst or row.max_relative > worst[row.hop].max_relative:
            worst[row.hop] = row
    return list(worst.values())
