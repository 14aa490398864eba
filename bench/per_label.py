"""How right a model is on each label, as the report keeps it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .schema import Label

if TYPE_CHECKING:
    from decant.tasks import Evidence, Task

    from .schema import Confusion


def labels_of(task: Task, evidence: Evidence) -> tuple[Label, ...]:
    """Judge each label by itself, in the task's order."""
    counts, figures = task.label_counts(evidence), task.per_label(evidence)
    return tuple(
        Label(
            name=label,
            count=int(counts[index]),
            figures={name: _number(float(each[index])) for name, each in figures.items()},
        )
        for index, label in enumerate(task.labels)
    )


def confusion_of(task: Task, evidence: Evidence) -> Confusion:
    """Count what was named for what; empty where the task names no single label."""
    counts = task.confusion(evidence)
    if counts is None:
        return {}
    rows = zip(task.labels, counts.tolist(), strict=True)
    return {
        truth: {named: count for named, count in zip(task.labels, row, strict=True) if count}
        for truth, row in rows
        if any(row)
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
