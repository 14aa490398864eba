"""Names any number of classes per sample: what `classification` is with `multi_label = true`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from ..contract.decode.argmax import check_scores, label_scores
from ..metrics.ranked import average_precision_of_scores
from .evidence import gather, weights_or_ones
from .label_index import label_index
from .marks import Mark
from .task import LabelWording, Metric, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .evidence import Evidence
    from .task import Outcome, Outputs

Activation = Literal["sigmoid", "none"]

MACRO_F1 = Metric("macro_f1", "F1 of each label that occurs or is named, averaged")
MICRO_F1 = Metric("micro_f1", "F1 of all labels of all samples together")
EXACT_MATCH = Metric("exact_match", "share of samples that are given all their labels and no other")
MAP = Metric("map", "average precision of each label that occurs, averaged")
METRICS = (MACRO_F1, MICRO_F1, EXACT_MATCH, MAP)


@dataclass(frozen=True, slots=True)
class MultiLabel(Task):
    """The task `classification` with several labels at once.

    Its evidence holds `truths` and `named` [n, labels] bool, and `scores` [n, labels] float32.
    """

    labels: tuple[str, ...] = field()
    threshold: float = 0.5
    activation: Activation = "sigmoid"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """F1 by label and by answer, whole samples, and ranking."""
        return METRICS

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """The names of the classes."""
        return ("labels",)

    @property
    def display_threshold(self) -> float:
        """From which score on a label is named."""
        return self.threshold

    @property
    def label_wording(self) -> LabelWording:
        """Recall, precision, F1 and ranking."""
        return LabelWording(
            "samples",
            {
                "f1": "harmonic mean of recall and precision",
                "recall": "share of the samples with a label that are given it",
                "precision": "share of the samples given a label that have it",
                "ap": "average precision of the samples in the order of their scores",
            },
            f"A label is given from a score of {self.threshold} on.",
        )

    def read_truth(self, fields: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Read the labels that a sample has, of which there may be none: [labels] bool."""
        given = fields["labels"]
        if isinstance(given, str) or np.ndim(given) != 1:
            raise ValueError(f"labels is {given!r}; give a list of labels, which may be empty")
        found = np.zeros(len(self.labels), np.bool_)
        for each in given:
            index = label_index(self.labels, each)
            if found[index]:
                raise ValueError(f'has the label "{self.labels[index]}" twice; name it once')
            found[index] = True
        return found

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for one output that holds a score per label."""
        check_scores(dict(shapes), len(self.labels))

    def predict(
        self, outputs: Outputs, placements: Sequence[Placement | None]
    ) -> list[NDArray[np.float32]]:
        """Take the only output, [N, labels], as scores, or as what the sigmoid makes scores of."""
        scores = label_scores(outputs, len(self.labels)).astype(np.float32)
        if self.activation == "sigmoid":
            # The same as 1 / (1 + e^-x), which overflows where x is far below zero.
            scores = 0.5 * (1 + np.tanh(0.5 * scores))
        return list(scores)

    def judge(self, prediction: NDArray[np.float32], truth: NDArray[np.bool_]) -> Outcome:
        """Name the labels from the threshold on."""
        named = prediction >= np.float32(self.threshold)
        return {"truths": truth, "named": named, "scores": prediction}

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Put the labels of all samples together: [n, labels]."""
        arrays = {
            name: np.asarray([each[name] for each in outcomes], dtype).reshape(-1, len(self.labels))
            for name, dtype in (("truths", np.bool_), ("named", np.bool_), ("scores", np.float32))
        }
        return gather(samples, arrays)

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Count, for each resample, what is named and what is right."""
        weights = weights_or_ones(evidence, weights)
        truths, named, scores = _arrays(evidence)
        right, true, said = (_counted(weights, each) for each in (truths & named, truths, named))
        exact = (truths == named).all(1).astype(np.float64)
        precisions = average_precision_of_scores(scores, truths, weights)
        return {
            "macro_f1": mean_of_defined(f1(right, true, said)),
            "micro_f1": f1(right.sum(1), true.sum(1), said.sum(1)),
            "exact_match": _ratio(weights @ exact, weights.sum(1)),
            "map": mean_of_defined(precisions),
        }

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the F1 of the sample's labels; 1 where there are none and none is named."""
        truths, named, _ = _arrays(evidence)
        grades = f1((truths & named).sum(1), truths.sum(1), named.sum(1))
        return np.where(np.isnan(grades), 1.0, grades)

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the samples of each label."""
        return np.asarray(_arrays(evidence)[0].sum(0, dtype=np.int64))

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Give each label's F1, recall, precision and average precision."""
        truths, named, scores = _arrays(evidence)
        right, true, said = (each.sum(0) for each in (truths & named, truths, named))
        once = weights_or_ones(evidence, None)
        return {
            "f1": f1(right, true, said),
            "recall": _ratio(right, true),
            "precision": _ratio(right, said),
            "ap": average_precision_of_scores(scores, truths, once)[0],
        }

    def draw_truth(self, truth: NDArray[np.bool_]) -> tuple[Mark, ...]:
        """Name the labels."""
        return _named(self.labels[index] for index in np.flatnonzero(truth))

    def draw_prediction(self, prediction: NDArray[np.float32]) -> tuple[Mark, ...]:
        """Name the labels from the threshold on, the surest first, with their scores."""
        shown = np.flatnonzero(prediction >= np.float32(self.threshold))
        order = shown[np.argsort(-prediction[shown], kind="stable")]
        return _named(f"{self.labels[index]} {prediction[index]:.2f}" for index in order)


def f1(
    right: NDArray[np.number], true: NDArray[np.number], said: NDArray[np.number]
) -> NDArray[np.float64]:
    """Give 2 · right / (true + said): NaN where there is neither anything true nor said."""
    return _ratio(2 * right, true + said)


def mean_of_defined(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average [b, labels] over the labels that are defined; NaN where none is."""
    defined = ~np.isnan(figures)
    return _ratio(np.where(defined, figures, 0).sum(1), defined.sum(1))


def _ratio(part: NDArray[np.number], whole: NDArray[np.number]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole, np.float64)


def _counted(weights: NDArray[np.integer], each: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count for each resample the samples of each label: [b, labels]."""
    # Floats count as exactly up to 2^53, and NumPy multiplies matrices of them much faster.
    return np.asarray(weights.astype(np.float64) @ each.astype(np.float64))


def _arrays(
    evidence: Evidence,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float32]]:
    arrays = cast("dict[str, NDArray[Any]]", evidence.arrays)
    return arrays["truths"], arrays["named"], arrays["scores"]


def _named(names: Iterable[str]) -> tuple[Mark, ...]:
    return (Mark(text=", ".join(names) or "no label"),)
