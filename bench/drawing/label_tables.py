"""Lays out for the page how right the chosen file is on each label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..schema import Confusion, Label, Report

MOST_LABELS = 30
"""The page shows so many, the weakest."""
MOST_COLUMNS = 20
"""Of a confusion matrix; of more labels the commonest confusions are listed."""
MOST_CONFUSIONS = 20


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One label: of the chosen file, and of PyTorch."""

    chosen: Label
    pytorch: Label


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a confusion matrix; its share is of the row."""

    count: int
    share: float
    right: bool


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """What the chosen file named for what.

    Attributes:
        matrix: True label → a cell per label; empty where there are too many labels.
        commonest: True label, label named, images: the mistakes, most images first.
    """

    matrix: dict[str, list[Cell]]
    commonest: list[tuple[str, str, int]]


def label_rows(report: Report) -> list[LabelRow]:
    """List the labels of a report, the weakest by its metric first, those without objects last."""
    if report.pytorch is None or not report.chosen.labels:
        return []
    pairs = zip(report.chosen.labels, report.pytorch.test.labels, strict=True)
    rows = [LabelRow(*pair) for pair in pairs]

    def place(row: LabelRow) -> tuple[bool, float]:
        # A classifier's metric is of all labels together; then the first figure decides.
        figures = row.chosen.figures
        name = next(iter([*{report.metric} & {*figures}, *figures]), None)
        figure = figures[name] if name else None
        about = report.metrics.get(name or "")
        lower = about is not None and about.better == "lower"
        return figure is None, -(figure or 0.0) if lower else figure or 0.0

    return sorted(rows, key=place)


def confusion_table(report: Report) -> ConfusionTable | None:
    """Lay out the chosen file's confusions; None where it is no classifier."""
    confusion, labels = report.chosen.confusion, [each.name for each in report.chosen.labels]
    if not confusion:
        return None
    matrix = {name: _cells(confusion, name, labels) for name in labels}
    mistakes = [
        (truth, named, count)
        for truth, row in confusion.items()
        for named, count in row.items()
        if named != truth
    ]
    mistakes.sort(key=lambda each: -each[2])
    fits = len(labels) <= MOST_COLUMNS
    return ConfusionTable(matrix if fits else {}, mistakes[:MOST_CONFUSIONS])


def _cells(confusion: Confusion, truth: str, labels: list[str]) -> list[Cell]:
    row = confusion.get(truth, {})
    whole = sum(row.values()) or 1
    counts = {named: row.get(named, 0) for named in labels}
    return [Cell(count, count / whole, named == truth) for named, count in counts.items()]
