"""Gives numbers, such as an age or a price: one target, or several by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from ..contract.decode.rule import Reading
from ..errors import DataError, shortened
from .evidence import gather, weights_or_ones
from .marks import Mark
from .section import Labels, TaskSection, one_of
from .task import FRACTION, LabelWording, Metric, Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .evidence import Evidence
    from .task import Outcome, Outputs

DIGITS = 4
"""That a number has in the report's gallery."""
ROUNDING = 1e-12
"""What is left of a sum of squares that is none, relative to its parts."""


class RegressionSection(TaskSection):
    """Gives numbers; metrics `mae`, `rmse`, `r2`.

    Attributes:
        targets: Names of the numbers, in the order of the output.
        unit: What they are measured in, such as "px"; of several, all are measured in it.
    """

    usual_truth: ClassVar[tuple[str, ...]] = ("target",)
    kind: Literal["regression"]
    targets: Labels = Field(default=("value",), strict=False, min_length=1)
    unit: str = ""
    metric: str = "mae"

    @field_validator("metric")
    @classmethod
    def _check_metric(cls, metric: str) -> str:
        return one_of(metric, *metrics_in(""))

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Count the numbers of the only output."""
        return tuple(
            Reading({}, names=shape[1])
            for shape in shapes.values()
            if len(shapes) == 1 and len(shape) == 2
        )

    def open(self, folder: Path) -> Regression:
        """Make the task."""
        return Regression(self.targets, self.unit)


def metrics_in(unit: str) -> tuple[Metric, ...]:
    """Describe the metrics of targets that are measured in a unit."""
    return (
        Metric("mae", "mean absolute error, averaged over the targets", unit, "lower"),
        Metric("rmse", "root mean square error, averaged over the targets", unit, "lower"),
        Metric("r2", "share of the targets' variance that is predicted (R²)", FRACTION),
    )


@dataclass(frozen=True, slots=True)
class Regression(Task):
    """The task `regression`.

    Its evidence holds the true numbers, `truths` [n, targets], and what was said minus these,
    `errors` [n, targets]. The figures of a resample are sums of |error|, error², truth and truth².
    """

    targets: tuple[str, ...] = ("value",)
    unit: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The targets: the report judges each by itself."""
        return self.targets

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Errors in the unit of the targets, and the share of variance."""
        return metrics_in(self.unit)

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """A number, or one per target."""
        return ("target",)

    @property
    def label_wording(self) -> LabelWording:
        """The same figures, of one target."""
        said = {each.name: each.wording.partition(",")[0] for each in self.metrics}
        return LabelWording("samples", said | {"r2": "share of its variance that is predicted"})

    def read_truth(self, fields: Mapping[str, Any]) -> NDArray[np.float64]:
        """Read a number, one per target, or a mapping of targets to numbers: [targets]."""
        given = fields["target"]
        if isinstance(given, Mapping):
            given = self._in_order(given)
        several = [given] if isinstance(given, str) or np.ndim(given) == 0 else list(given)
        if len(several) != len(self.targets):
            raise ValueError(
                f"has {len(several)} numbers for the {len(self.targets)} of task.targets "
                f"({', '.join(self.targets)}); give one for each"
            )
        return np.asarray(list(map(_read_number, self.targets, several)), np.float64)

    def _in_order(self, given: Mapping[str, Any]) -> list[Any]:
        missing = [name for name in self.targets if name not in given]
        if missing:
            raise ValueError(f'has no number for the target "{missing[0]}"; give one')
        return [given[name] for name in self.targets]

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for one output with a number per target, or for an output per target."""
        if _by_name(shapes, self.targets):
            for name, shape in shapes.items():
                _check_size(name, shape, 1)
            return
        if len(shapes) != 1:
            raise DataError(
                f"this model has the outputs {sorted(shapes)}; give one with a number for each of "
                f"task.targets ({', '.join(self.targets)}), or one for each, named after it"
            )
        ((name, shape),) = shapes.items()
        _check_size(name, shape, len(self.targets))

    def predict(
        self, outputs: Outputs, placements: Sequence[Placement | None]
    ) -> list[NDArray[np.float64]]:
        """Take the numbers of each sample: [targets]."""
        self.check_outputs({name: array.shape for name, array in outputs.items()})
        names = self.targets if _by_name(outputs, self.targets) else tuple(outputs)
        count = len(placements)
        columns = [np.asarray(outputs[name], np.float64).reshape(count, -1) for name in names]
        return list(np.concatenate(columns, 1))

    def judge(self, prediction: NDArray[np.float64], truth: NDArray[np.float64]) -> Outcome:
        """Subtract."""
        return {"truths": truth, "errors": prediction - truth}

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Put the numbers of all samples together: [n, targets]."""
        arrays = {
            name: np.reshape([each[name] for each in outcomes], (-1, len(self.targets)))
            for name in ("truths", "errors")
        }
        return gather(samples, arrays)

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Average over the targets; R² needs each of them to vary among the samples drawn."""
        found = _each(evidence, weights_or_ones(evidence, weights))
        return {name: each.mean(1) for name, each in found.items()}

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the error in standard deviations of the truth, e: 1 / (1 + e)."""
        truths, errors = _arrays(evidence)
        spread = truths.std(0)
        scaled = np.abs(errors) / np.where(spread > 0, spread, 1)
        return np.asarray(1 / (1 + scaled.mean(1)))

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the samples: each has every target."""
        return np.full(len(self.targets), len(evidence.ids), np.int64)

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Give the figures of each target."""
        found = _each(evidence, weights_or_ones(evidence, None))
        return {name: each[0] for name, each in found.items()}

    def draw_truth(self, truth: NDArray[np.float64]) -> tuple[Mark, ...]:
        """Write the numbers."""
        return (Mark(text=self._written(truth)),)

    def draw_prediction(self, prediction: NDArray[np.float64]) -> tuple[Mark, ...]:
        """Write the numbers."""
        return (Mark(text=self._written(prediction)),)

    def _written(self, numbers: NDArray[np.float64]) -> str:
        """Write such as "3.210 m", and of several "height 3.210 m, width 1.000 m"."""
        texts = [f"{_digits(float(each))} {self.unit}".rstrip() for each in numbers]
        if len(texts) == 1:
            return texts[0]
        return ", ".join(f"{name} {text}" for name, text in zip(self.targets, texts, strict=True))


def _read_number(target: str, given: Any) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'the target "{target}" is {shortened(given)}; give a finite number')
    return value


def _by_name(outputs: Mapping[str, Any], targets: Sequence[str]) -> bool:
    """Whether a model has an output for each target."""
    return {*outputs} == {*targets}


def _check_size(name: str, shape: tuple[int | None, ...], targets: int) -> None:
    if math.prod(size or 1 for size in shape[1:]) != targets:
        raise DataError(
            f"output {name!r} {list(shape)} does not hold {targets} numbers for each sample, one "
            "per target; make task.targets and the model agree"
        )


def _arrays(evidence: Evidence) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    truths, errors = (np.asarray(evidence.arrays[k], np.float64) for k in ("truths", "errors"))
    return truths, errors


def _each(evidence: Evidence, weights: NDArray[np.integer]) -> dict[str, NDArray[np.float64]]:
    """Compute every metric of each target for each resample: [b, targets]."""
    truths, errors = _arrays(evidence)
    # R² is the same for truths that are all shifted alike, and loses no digits near their mean.
    truths = truths - truths.mean(0)
    drawn = weights.sum(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = weights @ errors**2
        parts = weights @ truths**2
        variation = parts - (weights @ truths) ** 2 / drawn
        varies = variation > ROUNDING * parts
        return {
            "mae": weights @ np.abs(errors) / drawn,
            "rmse": np.sqrt(squares / drawn),
            "r2": np.where(varies, 1 - squares / variation, np.nan),
        }


def _digits(value: float) -> str:
    """Write a number with four significant digits, but no more than six decimals."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.{DIGITS - 1}f}"
    places = DIGITS - 1 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(max(places, 0), 6)}f}"
