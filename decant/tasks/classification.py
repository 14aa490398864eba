"""Names one class per image, or (`multi_label`) any number of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field, model_validator

from ..contract.decode import ArgmaxRule
from ..contract.decode.argmax import check_scores, label_scores
from ..contract.decode.rule import Reading
from ..errors import DataError
from .evidence import weights_or_ones
from .label_index import label_index
from .marks import Mark
from .multi_label import MACRO_F1, METRICS, Activation, MultiLabel, f1, mean_of_defined
from .section import Labels, TaskSection, one_of
from .task import LabelWording, Metric, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from .evidence import Evidence
    from .task import Outcome, Outputs

TOP1 = Metric("top1", "share of samples whose first label is right")
TOP5 = Metric("top5", "share of samples whose right label is among the first five")


class ClassificationSection(TaskSection):
    """Names one class per image (metrics `top1`, `top5`, `macro_f1`), or any number of them.

    Attributes:
        labels: In the order of the output.
        multi_label: Whether an image may have several labels, or none (metrics `macro_f1`,
            `micro_f1`, `exact_match`, `map`).
        threshold: With `multi_label`, from which score on a label is named.
        score_activation: With `multi_label`, what makes a score of an output.
    """

    usual_truth: ClassVar[tuple[str, ...]] = ("label",)
    kind: Literal["classification"]
    labels: Labels = Field(strict=False, min_length=1)
    multi_label: bool = False
    threshold: float = Field(default=0.5, ge=0, le=1)
    score_activation: Activation = "sigmoid"
    metric: str = "top1"

    @model_validator(mode="before")
    @classmethod
    def _choose_metric(cls, keys: Any) -> Any:
        several = isinstance(keys, dict) and keys.get("multi_label") is True
        return {"metric": MACRO_F1.name, **keys} if several else keys

    @model_validator(mode="after")
    def _check_metric(self) -> ClassificationSection:
        if self.multi_label:
            one_of(self.metric, *METRICS, key="metric with multi_label = true")
            return self
        for key in ("threshold", "score_activation"):
            if key in self.model_fields_set:
                raise ValueError(f"{key} is of several labels at once; add multi_label = true")
        if len(self.labels) < 2:
            raise ValueError("labels has one label, which is always right; add another")
        one_of(self.metric, TOP1, TOP5, MACRO_F1, key="metric")
        if self.metric == "top5" and len(self.labels) <= 5:
            raise ValueError(
                f'metric = "top5" is always 1 with {len(self.labels)} labels; use "top1"'
            )
        return self

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Count the scores of the only output."""
        return tuple(
            Reading({"multi_label": True} if shape[1] == 1 else {}, names=shape[1])
            for shape in shapes.values()
            if len(shapes) == 1 and len(shape) == 2
        )

    def open(self, folder: Path) -> Task:
        """Make the task."""
        if self.multi_label:
            return MultiLabel(self.labels, self.threshold, self.score_activation)
        return Classification(self.labels)


@dataclass(frozen=True, slots=True)
class Classification(Task):
    """The task `classification`.

    Its evidence holds the `truths` [n], the labels that were `named` first [n], and `ranks` [n]:
    how many labels score above the true one. Equal scores, common in int8, count for the lower
    index, as argmax does.
    """

    labels: tuple[str, ...] = field()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The share of samples whose label is first, or (of six or more) in the top 5, and F1."""
        return (TOP1, TOP5, MACRO_F1) if len(self.labels) > 5 else (TOP1, MACRO_F1)

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """The name of the class."""
        return ("label",)

    @property
    def rule(self) -> ArgmaxRule:
        """The largest score wins."""
        return ArgmaxRule()

    @property
    def label_wording(self) -> LabelWording:
        """Recall and precision."""
        return LabelWording(
            "samples",
            {
                "recall": "share of the samples of a label that are given it",
                "precision": "share of the samples given a label that have it",
                "f1": "harmonic mean of the two",
            },
        )

    def read_truth(self, fields: Mapping[str, Any]) -> int:
        """Find the index of the label."""
        return label_index(self.labels, fields["label"])

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for one output that holds a score per label."""
        check_scores(dict(shapes), len(self.labels))

    def predict(
        self, outputs: Outputs, placements: Sequence[Placement | None]
    ) -> list[NDArray[np.float32]]:
        """Take the only output, [N, labels] or with sizes 1 after that, as scores."""
        scores = label_scores(outputs, len(self.labels))
        if len(scores) != len(placements):
            raise DataError(
                f"the model answers {len(scores)} times to {len(placements)} samples; keep the "
                "first axis of its output that of its input"
            )
        return list(scores)

    def judge(self, prediction: NDArray[np.float32], truth: int) -> Outcome:
        """Rank the true label."""
        lower = np.arange(len(prediction)) < truth
        true = prediction[truth]
        rank = (prediction > true).sum() + ((prediction == true) & lower).sum()
        found = {"ranks": rank, "truths": truth, "named": prediction.argmax()}
        return {name: np.asarray(value, np.int32) for name, value in found.items()}

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Count samples whose label is among the first one or five, and what is named for what."""
        weights = weights_or_ones(evidence, weights)
        ranks = cast("NDArray[np.int32]", evidence.arrays["ranks"])
        drawn = weights.sum(1)
        with np.errstate(invalid="ignore"):
            found = {
                each.name: weights @ (ranks < places).astype(np.int64) / drawn
                for each, places in ((TOP1, 1), (TOP5, 5))
                if each in self.metrics
            }
        return {**found, MACRO_F1.name: self._macro_f1(evidence, weights)}

    def _macro_f1(self, evidence: Evidence, weights: NDArray[np.integer]) -> NDArray[np.float64]:
        """Average the F1 of the labels that a resample has or is given: [b]."""
        truths, named = _truths_and_named(evidence)
        right, true, said = (
            _counted(weights, labels, mask, len(self.labels))
            for labels, mask in ((truths, truths == named), (truths, None), (named, None))
        )
        return mean_of_defined(f1(right, true, said))

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the reciprocal of the true label's place."""
        ranks = cast("NDArray[np.int32]", evidence.arrays["ranks"])
        return 1 / (1.0 + ranks)

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the samples of each label."""
        return np.asarray(self.confusion(evidence).sum(1))

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Give each label's recall, precision and F1."""
        confusion = self.confusion(evidence)
        right, true, said = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
        with np.errstate(invalid="ignore"):
            shares = {"recall": right / true, "precision": right / said}
        return {**shares, "f1": f1(right, true, said)}

    def confusion(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count how often each label was named for each."""
        truths, named = _truths_and_named(evidence)
        found = np.zeros((len(self.labels), len(self.labels)), np.int64)
        np.add.at(found, (truths, named), 1)
        return found

    def draw_truth(self, truth: int) -> tuple[Mark, ...]:
        """Name the label."""
        return (Mark(label=self.labels[truth]),)

    def draw_prediction(self, prediction: NDArray[np.float32]) -> tuple[Mark, ...]:
        """Name the first label."""
        best = int(np.argmax(prediction))
        return (Mark(label=self.labels[best], score=round(float(prediction[best]), 3)),)


def _truths_and_named(evidence: Evidence) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    arrays = cast("dict[str, NDArray[np.int32]]", evidence.arrays)
    return arrays["truths"], arrays["named"]


def _counted(
    weights: NDArray[np.integer],
    labels: NDArray[np.int32],
    mask: NDArray[np.bool_] | None,
    count: int,
) -> NDArray[np.float64]:
    """Count for each resample the samples of each label, [b, labels], those of a mask only."""
    from scipy.sparse import csr_array

    kept = np.arange(len(labels)) if mask is None else np.flatnonzero(mask)
    ones = np.ones(len(kept))
    images_of_label = csr_array((ones, (labels[kept], kept)), shape=(count, len(labels)))
    return np.asarray((images_of_label @ weights.T.astype(np.float64)).T)
