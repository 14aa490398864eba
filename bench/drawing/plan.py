"""Prepares what the page shows of a plan: figures, the module that costs most, and all others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from decant.fidelity import BROKEN_DB, CEILING_DB, GOOD_DB, Meaning, decibels, meaning

from ..formatting import milliseconds, signed, written
from .frontier import Mark, Scale, frontier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from decant.plan_report import OperatorGroup, PlanReport, Point

    from ..schema import Report

FLOAT = "float"
REJECTED_COLOUR = "pytorch"
LOWEST_DB = -10.0
"""End of the axis; what keeps less lies there."""
LEAST_DROP = 0.01
"""Of the axis of drops, so that none at all don't fill it."""
FARTHEST = 2.5
"""Times the float file's time; what takes longer is in the table alone."""


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """What the operators of one module cost.

    Attributes:
        group: The figures.
        operators: Kinds with their counts.
        schemes: In which they compute in the chosen plan, with counts where these differ.
        meaning: Of what the outputs keep.
        share: Of the noise (root mean square) of the noisiest module.
        gain: What static int8 saves of their time, or that it saves none.
        worse: What becomes of the metric; "" where it was not measured.
    """

    group: OperatorGroup
    operators: str
    schemes: str
    meaning: Meaning
    share: float
    gain: str
    worse: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the page shows of a plan.

    Attributes:
        figures: SVG, of the ratio and, where it tells files apart, of the metric's drop.
        modules: The noisiest first.
        weak: How many of them leave the outputs less than what is good.
        points: All files, each with the counts of its schemes.
        metered: Whether the metric of files was measured on calibration data.
        graded: Whether that of modules was.
        hidden: How many files the figures have no place for: too slow, or not timed.
    """

    figures: tuple[str, ...]
    modules: tuple[ModuleRow, ...]
    weak: int
    points: tuple[tuple[Point, str], ...]
    metered: bool
    graded: bool
    hidden: int


def plan_view(report: Report, colours: dict[str, str]) -> PlanView | None:
    """Prepare a report's plan; None where it has none.

    Args:
        report: The report.
        colours: File → class of its colour.
    """
    plan = report.plan
    if plan is None:
        return None
    rows = _module_rows(plan.groups, report.metric)
    placed = {point.name: (point, _ratio(plan, point)) for point in plan.points}
    shown = {
        name: (point, ratio)
        for name, (point, ratio) in placed.items()
        if ratio is not None and ratio <= FARTHEST
    }
    return PlanView(
        figures=_figures(report, shown, colours),
        modules=rows,
        weak=sum(row.meaning != "good" for row in rows),
        points=tuple((point, counts(point.schemes)) for point in plan.points),
        metered=any(point.drop is not None for point in plan.points),
        graded=any(row.worse for row in rows),
        hidden=len(placed) - len(shown),
    )


def counts(numbers: dict[str, int]) -> str:
    """List things with how many there are of each, the commonest first.

    >>> counts({"ADD": 1, "CONV_2D": 3})
    '3 CONV_2D, 1 ADD'
    """
    order = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{number} {name}" for name, number in order)


def _module_rows(groups: Sequence[OperatorGroup], metric: str | None) -> tuple[ModuleRow, ...]:
    loudest = max((_amplitude(group.snr_db) for group in groups), default=1.0)
    return tuple(
        ModuleRow(
            group=group,
            operators=counts(group.operators),
            schemes=next(iter(group.schemes)) if len(group.schemes) == 1 else counts(group.schemes),
            meaning=meaning(group.snr_db),
            share=_amplitude(group.snr_db) / loudest,
            gain=_gain(group),
            worse=_worse(group, metric),
        )
        for group in groups
    )


def _amplitude(snr_db: float) -> float:
    """Give noise over signal, as root mean squares."""
    return float(10 ** (-snr_db / 20))


def _worse(group: OperatorGroup, metric: str | None) -> str:
    if group.drop is None:
        return ""
    worse = signed(group.drop)
    return f"{metric} gets {worse[1:]} worse" if worse[0] == "+" else f"{metric} gets no worse"


def _gain(group: OperatorGroup) -> str:
    saved = group.float_ms - group.int8_ms
    if saved <= 0:
        return "Int8 would not make it faster"
    return f"Int8 saves {milliseconds(saved)} of its {milliseconds(group.float_ms)}"


def _ratio(plan: PlanReport, point: Point) -> float | None:
    """Give a file's time over the float file's; the foreseen one where it was not timed."""
    if point.latency_ratio is not None:
        return point.latency_ratio
    if plan.unit != "ms" or plan.float_ms is None or point.foreseen is None:
        return None
    return point.foreseen / plan.float_ms


def _figures(
    report: Report, points: Mapping[str, tuple[Point, float]], colours: dict[str, str]
) -> tuple[str, ...]:
    """Draw files by ratio, and by the metric's drop where that tells them apart.

    Args:
        report: The report.
        points: Name → file, and its time over the float file's.
        colours: File → class of its colour.
    """
    if all(point.latency_ratio is None for point, _ in points.values()):
        return ()
    marks = [_float_mark(report), *(_mark(report, *each, colours) for each in points.values())]
    ratios = {name: point.snr_db for name, (point, _) in points.items()}
    scale, exact = _ratio_scale(ratios.values())
    title = "signal-to-noise ratio against time"
    figures = [frontier(_placed(marks, ratios, exact), scale, title)]
    drops = {name: point.drop for name, (point, _) in points.items() if point.drop is not None}
    if any(drops.values()):
        kept = {name: -drop for name, drop in drops.items()}
        title = f"drop of {report.metric} against time"
        figures.append(frontier(_placed(marks, kept, 0.0), _drop_scale(report, kept), title))
    return tuple(figures)


def _float_mark(report: Report) -> Mark:
    entry = report.reference
    hover = f"{FLOAT}: {written(entry.size_bytes, 'bytes')}"
    return Mark(FLOAT, FLOAT, 1.0, 0.0, entry.size_bytes, hover, entry.chosen)


def _mark(report: Report, point: Point, ratio: float, colours: dict[str, str]) -> Mark:
    timed = point.latency_ratio is not None
    drop = "" if point.drop is None else f", drop {signed(point.drop)}"
    hover = (
        f"{point.name}: {ratio:.2f} × float{'' if timed else ' foreseen'}, "
        f"{decibels(point.snr_db)}{drop}, {written(point.size_bytes, 'bytes')}"
    )
    return Mark(
        point.name,
        colours.get(point.name, REJECTED_COLOUR),
        ratio,
        0.0,
        point.size_bytes,
        hover,
        chosen=point.name == report.chosen.name,
        timed=timed,
    )


def _placed(marks: Sequence[Mark], kept: Mapping[str, float], exact: float) -> list[Mark]:
    """Place marks on a vertical axis, the float file at `exact`."""
    known = {FLOAT: exact, **kept}
    return [replace(mark, kept=known[mark.name]) for mark in marks if mark.name in known]


def _ratio_scale(ratios: Iterable[float]) -> tuple[Scale, float]:
    """Reach from noise to what is exact, which lies above all that is not; give its place too."""
    finite = [max(ratio, LOWEST_DB) for ratio in ratios if ratio < CEILING_DB]
    most = max(*finite, GOOD_DB + 5)
    exact = most + 6
    levels = ((exact, "exact"), (GOOD_DB, "good from here"), (BROKEN_DB, "broken below"))
    low = min(*finite, BROKEN_DB - 5) - 3
    return Scale("weakest part of the outputs, dB", low, exact + 3, levels, most), exact


def _drop_scale(report: Report, kept: Mapping[str, float]) -> Scale:
    """Reach over all drops and a little more; better is up."""
    high, low = max(0.0, *kept.values()), min(0.0, *kept.values())
    margin = 0.12 * max(high - low, LEAST_DROP)
    title = f"drop of {report.metric}, calibration data"
    return Scale(title, low - margin, high + margin, ((0.0, "as float"),), sign=-1.0)
