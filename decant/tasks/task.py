"""What a task is: the one object that knows truth, decoding, metrics and drawing of its kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ..errors import SpecError
from .evidence import Evidence, gather
from .truth import truth_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..contract.decode import DecodeRule
    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .marks import Mark

Outputs: TypeAlias = "Mapping[str, NDArray[np.float32]]"
Outcome: TypeAlias = "Mapping[str, NDArray[np.generic]]"
"""How one prediction compares with its truth, as far as any metric needs to know."""

FRACTION = "fraction"


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a whole data set.

    Attributes:
        name: As the spec and the report write it.
        wording: What it is, in a line.
        unit: "fraction" (0…1), or the unit that it is measured in, such as "px"; "" for a number.
        better: Which way it gets better.
    """

    name: str
    wording: str
    unit: str = FRACTION
    better: Literal["higher", "lower"] = "higher"

    def drop(self, before: Any, after: Any) -> Any:
        """Say by how much it got worse: positive is worse, of error rates too."""
        return before - after if self.better == "higher" else after - before


@dataclass(frozen=True, slots=True)
class LabelWording:
    """What the report says of single labels.

    Attributes:
        counted: What a label has a number of, such as "objects".
        figures: Figure of `Task.per_label` → what it is, in a line.
        note: One more sentence for the reader.
    """

    counted: str = "samples"
    figures: Mapping[str, str] | None = None
    note: str = ""


class Task(ABC):
    """Truth, decoding, metrics and drawing of one kind of task.

    A user's own derives from this too, and is named in the spec (`kind = "custom"`).
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """What there is to tell apart; nothing for a task without classes."""
        return ()

    @property
    @abstractmethod
    def metrics(self) -> tuple[Metric, ...]:
        """What is measured."""

    @property
    @abstractmethod
    def truth_fields(self) -> tuple[str, ...]:
        """The fields of a sample that `read_truth` takes, such as ("label",): any one suffices."""

    @property
    def rule(self) -> DecodeRule | None:
        """The decode rule that the sidecar publishes; None if an app has to write its own."""
        return None

    @property
    def display_threshold(self) -> float | None:
        """The lowest score that an app shows; None if it shows every answer."""
        return None

    @property
    def label_wording(self) -> LabelWording:
        """What the report says of single labels."""
        return LabelWording()

    @abstractmethod
    def read_truth(self, fields: Mapping[str, Any]) -> Any:
        """Make the truth of a sample from what a data set says of it.

        Args:
            fields: At least one of `truth_fields`.

        Raises:
            ValueError: If it is no truth of this task; the message says what is wrong and what to
                do, the caller adds which sample it was.
        """

    def truth_bytes(self, truth: Any) -> bytes:
        """Write a truth as bytes that are the same on every machine, to be hashed.

        Raises:
            DataError: If it is made of something that has no such bytes.
        """
        return truth_bytes(truth)

    def check_outputs(  # noqa: B027 - most tasks look at them when they decode
        self, shapes: Shapes, image: tuple[int, int] | None = None
    ) -> None:
        """Check, before anything runs, that a model gives what the task decodes.

        Args:
            shapes: Of the model's outputs.
            image: Height and width of the model's image input, where it has one.

        Raises:
            DataError: If it does not.
        """

    @abstractmethod
    def predict(self, outputs: Outputs, placements: Sequence[Placement | None]) -> Sequence[Any]:
        """Decode a batch of outputs, in ONNX axis order, into one prediction per sample.

        Args:
            outputs: By name, [N, …].
            placements: Where each photo lies in its tensor; None of a sample without a photo.

        Raises:
            DataError: If the outputs are not what the task decodes.
        """

    @abstractmethod
    def judge(self, prediction: Any, truth: Any) -> Outcome:
        """Compare one prediction with its truth: the sufficient statistics of that sample.

        Returns:
            Arrays of numbers or texts by name, unless `gather` is overridden of the same names and
            shapes for every sample.
        """

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Put the outcomes of a whole set together; by default each array is stacked, [n, …].

        Raises:
            DataError: If the set defines no metric at all.
            SpecError: If the outcomes of two samples have not the same arrays.
        """
        names = outcomes[0] if outcomes else {}
        shapes = {name: np.shape(array) for name, array in names.items()}
        for sample, outcome in zip(samples, outcomes, strict=True):
            others = {name: np.shape(array) for name, array in outcome.items()}
            if others != shapes:
                raise SpecError(
                    f'"{sample.id}": judge gives arrays of shapes {others}, but of the first '
                    f"sample {shapes}; give the same ones of each, or override gather"
                )
        arrays = {name: np.stack([each[name] for each in outcomes]) for name in names}
        return gather(samples, arrays)

    def evidence(self, predictions: Sequence[Any], samples: Sequence[Sample]) -> Evidence:
        """Judge every prediction and gather the outcomes."""
        pairs = zip(predictions, samples, strict=True)
        return self.gather([self.judge(said, sample.truth) for said, sample in pairs], samples)

    @abstractmethod
    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Compute every metric for each resample.

        Args:
            evidence: From the same task.
            weights: [b, n] how often each sample occurs in each resample; each once if None.

        Returns:
            For each metric [b]; NaN where the samples drawn do not define it.
        """

    @abstractmethod
    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade each sample by itself: [n], more is better, 1 is perfect where there is a best."""

    def library_figures(self, outcomes: Sequence[Outcome]) -> Mapping[str, float]:
        """Compute metrics by a maintained library, to hold our own against; none by default."""
        return {}

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the true objects, or the samples, of each label: [labels]."""
        return np.zeros(len(self.labels), np.int64)

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Judge each label by itself: figure → [labels], NaN where it is not defined."""
        return {}

    def confusion(self, evidence: Evidence) -> NDArray[np.int64] | None:
        """Count the answers: [true label, label named]; None where a sample has more than one."""
        return None

    def draw_truth(self, truth: Any) -> tuple[Mark, ...]:
        """Say for the report's gallery what is true of a sample."""
        return ()

    def draw_prediction(self, prediction: Any) -> tuple[Mark, ...]:
        """Say for the report's gallery what a model says, as an app shows it."""
        return ()


def metric_of(task: Task, name: str) -> Metric:
    """Find a metric by its name."""
    return next(metric for metric in task.metrics if metric.name == name)
