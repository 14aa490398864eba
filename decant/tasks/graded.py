"""A task that is judged by a function of the user's as well."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SpecError, shortened
from ..factory import resolve
from ..user_code import user_code
from .evidence import weights_or_ones
from .task import Metric, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode import DecodeRule
    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .evidence import Evidence
    from .marks import Mark
    from .section import TaskSection
    from .task import LabelWording, Outcome, Outputs

GRADES = "users_grades"


@dataclass(frozen=True)
class Graded(Task):
    """Another task, whose predictions a function grades one by one; the metric is their mean.

    Attributes:
        task: That is judged.
        metric: What the function measures.
        grade: Takes a prediction and its truth, both as the task has them; returns a number.
    """

    task: Task
    metric: Metric
    grade: Callable[..., Any] = field(repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the task."""
        return self.task.labels

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The user's own first."""
        return (self.metric, *self.task.metrics)

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """Those of the task."""
        return self.task.truth_fields

    @property
    def rule(self) -> DecodeRule | None:
        """That of the task."""
        return self.task.rule

    @property
    def display_threshold(self) -> float | None:
        """That of the task."""
        return self.task.display_threshold

    @property
    def label_wording(self) -> LabelWording:
        """That of the task."""
        return self.task.label_wording

    def read_truth(self, fields: Mapping[str, Any]) -> Any:
        """Let the task read it."""
        return self.task.read_truth(fields)

    def truth_bytes(self, truth: Any) -> bytes:
        """Let the task write them."""
        return self.task.truth_bytes(truth)

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Let the task check them."""
        self.task.check_outputs(shapes, image)

    def predict(self, outputs: Outputs, placements: Sequence[Placement | None]) -> Sequence[Any]:
        """Let the task decode them."""
        return self.task.predict(outputs, placements)

    def judge(self, prediction: Any, truth: Any) -> Outcome:
        """Add the user's grade.

        Raises:
            SpecError: If the function raises, or returns no finite number.
        """
        with user_code(f"task.metric = {self.metric.name!r}"):
            # Copies: a function that computes in place would change what the task itself judges.
            grade = self.grade(copy.deepcopy(prediction), copy.deepcopy(truth))
            try:
                value = float(grade)
            except (TypeError, ValueError, OverflowError):
                value = np.nan
        if not np.isfinite(value):
            raise SpecError(
                f"task.metric: {self.metric.name} returned {shortened(grade)}; return a finite "
                "number"
            )
        return {**self.task.judge(prediction, truth), GRADES: np.asarray(value)}

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Let the task gather its part."""
        grades = np.asarray([each[GRADES] for each in outcomes], np.float64)
        own = [{k: array for k, array in each.items() if k != GRADES} for each in outcomes]
        found = self.task.gather(own, samples)
        return replace(found, arrays={**found.arrays, GRADES: grades})

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Average the grades."""
        counts = weights_or_ones(evidence, weights)
        grades = np.asarray(evidence.arrays[GRADES], np.float64)
        with np.errstate(invalid="ignore"):
            mean = counts @ grades / counts.sum(1)
        return {self.metric.name: mean, **self.task.figures(evidence, weights)}

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Give the user's grades, those of which less is better with the opposite sign."""
        grades = np.asarray(evidence.arrays[GRADES], np.float64)
        return grades if self.metric.better == "higher" else -grades

    def library_figures(self, outcomes: Sequence[Outcome]) -> Mapping[str, float]:
        """Let the task compute its own."""
        return self.task.library_figures(outcomes)

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Let the task count."""
        return self.task.label_counts(evidence)

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Let the task judge."""
        return self.task.per_label(evidence)

    def confusion(self, evidence: Evidence) -> NDArray[np.int64] | None:
        """Let the task count."""
        return self.task.confusion(evidence)

    def draw_truth(self, truth: Any) -> tuple[Mark, ...]:
        """Let the task draw."""
        return self.task.draw_truth(truth)

    def draw_prediction(self, prediction: Any) -> tuple[Mark, ...]:
        """Let the task draw."""
        return self.task.draw_prediction(prediction)


def graded(task: Task, section: TaskSection, folder: Path) -> Task:
    """Add the metric of the user's own that a section names, if it names one.

    Raises:
        SpecError: If its function cannot be imported, or has the name of another metric.
    """
    if section.grader is None:
        return task
    metric = Metric(
        section.metric_name,
        f"mean of what {section.grader} gives each sample",
        section.metric_unit,
        section.metric_better,
    )
    if metric.name in {each.name for each in task.metrics}:
        raise SpecError(
            f'task.metric = "{section.grader}": the kind has a metric "{metric.name}" of its own; '
            "give the function another name"
        )
    return Graded(task, metric, resolve(section.grader, folder))
