"""What every task that finds objects shares: matching, rankings and average precision."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

import numpy as np

from ..errors import DataError
from ..metrics import (
    MAX_DETECTIONS,
    THRESHOLDS,
    Ranking,
    average_precision,
    box_overlaps,
    coco_average_precision,
    match,
)
from .evidence import gather, weights_or_ones
from .marks import Mark, rounded
from .task import LabelWording, Metric, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ..samples import Sample
    from .evidence import Evidence
    from .task import Outcome

AP = Metric(
    "ap", "average precision over overlaps of 0.50 to 0.95 with the true box (AP as COCO has it)"
)
AP50 = Metric(
    "ap50", "average precision where a box counts from an overlap (IoU) of 0.5 with the true one"
)


class Objects(Protocol):
    """The true objects on a photo, in its pixels."""

    @property
    def boxes(self) -> NDArray[np.float64]:
        """[n, 4] xyxy."""

    @property
    def quads(self) -> NDArray[np.float64]:
        """[n, 4, 2] xy of the corners, to be drawn."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """[n] index into the task's labels."""

    @property
    def crowd(self) -> NDArray[np.bool_]:
        """[n] whether it is a region of uncounted objects."""


class Found(Protocol):
    """What was found on a photo, in its pixels."""

    @property
    def boxes(self) -> NDArray[np.float32]:
        """[k, 4] xyxy."""

    @property
    def quads(self) -> NDArray[np.float32]:
        """[k, 4, 2] xy of the corners, to be drawn."""

    @property
    def scores(self) -> NDArray[np.float32]:
        """[k], 0…1."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """[k] index into the task's labels."""


@dataclass(frozen=True, slots=True)
class ObjectDetection(Task):
    """A task that finds objects.

    Its evidence holds, for d detections in the order image, label, falling score: `images`,
    `labels`, `scores` [d], `matched` and `ignored` [c, d] (boxes at the ten COCO thresholds first,
    then what a kind adds); and `positives` [n, labels], the true objects.

    Attributes:
        criteria: The thresholds of each kind of overlap that `overlaps` gives.
    """

    criteria: ClassVar[tuple[NDArray[np.float64], ...]] = (THRESHOLDS,)
    labels: tuple[str, ...] = field()

    @property
    @abstractmethod
    def display_threshold(self) -> float:
        """The lowest score that an app shows."""

    @abstractmethod
    def by_metric(self, precisions: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Name average precisions [c, …] as metrics."""

    def overlaps(
        self, found: Any, mine: NDArray[np.intp], truth: Any, theirs: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], ...]:
        """Compare some detections with some true objects: [mine, theirs] for each of `criteria`."""
        return (box_overlaps(found.boxes[mine], truth.boxes[theirs], truth.crowd[theirs]),)

    @property
    def label_wording(self) -> LabelWording:
        """Recall and precision of what is shown."""
        return LabelWording(
            "objects",
            {
                "recall": "share of the objects that are shown",
                "precision": "share of what is shown that is right",
            },
            f"Shown is what has a score from {self.display_threshold}, the display_threshold of "
            "the spec, which the app uses; right from an overlap of 0.5.",
        )

    def judge(self, prediction: Found, truth: Objects) -> Outcome:
        """Match the detections of an image, label by label."""
        positives = np.zeros(len(self.labels), np.int32)
        np.add.at(positives, truth.labels[~truth.crowd], 1)
        parts = [self._no_outcome()]
        parts += [self._outcome(int(k), prediction, truth) for k in np.unique(prediction.labels)]
        found = {key: np.concatenate([part[key] for part in parts], -1) for key in parts[0]}
        return {**found, "positives": positives, **_for_coco(prediction, truth)}

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Put the matches of all images one after another.

        Raises:
            DataError: If no image has a true object.
        """
        arrays: dict[str, NDArray[np.generic]] = {
            key: np.concatenate([empty, *(each[key] for each in outcomes)], -1)
            for key, empty in self._no_outcome().items()
        }
        counts = [len(each["scores"]) for each in outcomes]
        images = np.repeat(np.arange(len(outcomes), dtype=np.int32), counts)
        positives = np.asarray([each["positives"] for each in outcomes], np.int32)
        if not positives.any():
            raise DataError(
                f"none of the {len(outcomes)} images has a true object, so that no metric is "
                "defined; give images with objects"
            )
        positives = positives.reshape(len(outcomes), len(self.labels))
        return gather(samples, {"images": images, **arrays, "positives": positives})

    def library_figures(self, outcomes: Sequence[Outcome]) -> Mapping[str, float]:
        """Let faster-coco-eval compute what it knows of the metrics."""
        theirs = coco_average_precision(outcomes, len(self.labels))
        return {each.name: theirs[each.name] for each in self.metrics if each.name in theirs}

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Average the precision over labels that have objects, as COCO does."""
        outcomes = Outcomes.read(evidence)
        each = self._precisions(outcomes, weights_or_ones(evidence, weights))
        return self.by_metric(mean_of_defined(each))

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the image's own AP; without objects, by how unsure the false alarms are."""
        outcomes, once = Outcomes.read(evidence), np.ones((1, 1), np.int64)
        grades = np.empty(len(evidence.ids))
        for image in range(len(grades)):
            alone = outcomes.alone(image)
            if alone.positives.any():
                each = self._precisions(alone, once, np.flatnonzero(alone.positives[0]))
                grades[image] = self.by_metric(mean_of_defined(each))["ap"][0]
            else:
                grades[image] = 1 - float(alone.scores.max(initial=0))
        return grades

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the objects of each label; crowds are none."""
        return np.asarray(Outcomes.read(evidence).positives.sum(0, dtype=np.int64))

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Give each label's average precisions, and what of it an app shows.

        That is recall and precision of the detections from the display threshold on, by boxes that
        overlap by half.
        """
        outcomes = Outcomes.read(evidence)
        shown = (outcomes.scores >= self.display_threshold) & ~outcomes.ignored[0]
        named, right = (
            np.bincount(outcomes.labels[those], minlength=len(self.labels))
            for those in (shown, shown & outcomes.matched[0])
        )
        each = self._precisions(outcomes, weights_or_ones(evidence, None))
        with np.errstate(invalid="ignore"):
            shares = {
                "recall": right / self.label_counts(evidence),
                "precision": right / named,
            }
        return self.by_metric(each[..., 0].T) | shares

    def draw_truth(self, truth: Objects) -> tuple[Mark, ...]:
        """Outline the objects."""
        pairs = zip(truth.labels, truth.quads, strict=True)
        return tuple(Mark(label=self.labels[k], polygon=rounded(quad)) for k, quad in pairs)

    def draw_prediction(self, prediction: Found) -> tuple[Mark, ...]:
        """Outline the detections from the display threshold on."""
        found = zip(prediction.labels, prediction.scores, prediction.quads, strict=True)
        return tuple(
            Mark(label=self.labels[k], score=round(float(score), 3), polygon=rounded(quad))
            for k, score, quad in found
            if score >= self.display_threshold
        )

    def _precisions(
        self,
        outcomes: Outcomes,
        weights: NDArray[np.integer],
        labels: NDArray[np.intp] | None = None,
    ) -> NDArray[np.float64]:
        """Give the average precisions [labels, c, b] of resamples [b, n]; NaN without objects."""
        drawn = np.asarray(weights.any(0))
        asked = range(len(self.labels)) if labels is None else labels.tolist()
        rankings = [outcomes.ranking(label, drawn) for label in asked]
        return np.stack([average_precision(ranking, weights) for ranking in rankings])

    def _no_outcome(self) -> dict[str, NDArray[np.generic]]:
        count = sum(map(len, self.criteria))
        return {
            "labels": np.zeros(0, np.int16),
            "scores": np.zeros(0, np.float32),
            "matched": np.zeros((count, 0), np.bool_),
            "ignored": np.zeros((count, 0), np.bool_),
        }

    def _outcome(self, label: int, found: Found, truth: Objects) -> dict[str, NDArray[np.generic]]:
        """Match the detections of one label on one image."""
        mine, theirs = np.flatnonzero(found.labels == label), truth.labels == label
        mine = mine[np.argsort(-found.scores[mine], kind="stable")][:MAX_DETECTIONS]
        overlaps = self.overlaps(found, mine, truth, theirs)
        pairs = zip(overlaps, self.criteria, strict=True)
        matches = [match(each, truth.crowd[theirs], thresholds) for each, thresholds in pairs]
        return {
            "labels": np.full(len(mine), label, np.int16),
            "scores": found.scores[mine].astype(np.float32),
            "matched": np.concatenate([matched for matched, _ in matches]),
            "ignored": np.concatenate([ignored for _, ignored in matches]),
        }


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The arrays of the evidence of an `ObjectDetection`."""

    images: NDArray[np.int32]
    labels: NDArray[np.int16]
    scores: NDArray[np.float32]
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    positives: NDArray[np.int32]

    @classmethod
    def read(cls, evidence: Evidence) -> Outcomes:
        """Take them from the evidence."""
        arrays = cast("dict[str, NDArray[Any]]", evidence.arrays)
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def alone(self, image: int) -> Outcomes:
        """Take those of one image, as a set of one."""
        mine = slice(*np.searchsorted(self.images, [image, image + 1]))
        return Outcomes(
            np.zeros_like(self.images[mine]),
            self.labels[mine],
            self.scores[mine],
            self.matched[:, mine],
            self.ignored[:, mine],
            self.positives[[image]],
        )

    def ranking(self, label: int, drawn: NDArray[np.bool_]) -> Ranking:
        """Rank the detections of a label on the images drawn; equal scores keep image order."""
        mine = np.flatnonzero((self.labels == label) & drawn[self.images])
        order = mine[np.argsort(-self.scores[mine], kind="stable")]
        positives = self.positives[:, label]
        return Ranking(
            self.images[order], self.matched[:, order], self.ignored[:, order], positives
        )


def mean_of_defined(each: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average figures [labels, c, b] over the labels that define them, in each resample: [c, b]."""
    defined = (~np.isnan(each[:, 0])).sum(0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(each, axis=0) / defined)


def label_indices(names: Sequence[str], labels: Sequence[str], objects: int) -> NDArray[np.int64]:
    """Find the index of the label of each object.

    Raises:
        ValueError: If a name is no label, or there are more or fewer names than objects.
    """
    if len(names) != objects:
        raise ValueError(f"has {objects} objects and {len(names)} labels; give each object one")
    for name in names:
        if name not in labels:
            raise ValueError(f'the label "{name}" is not in task.labels; add it or correct it')
    return np.asarray([labels.index(name) for name in names], np.int64)


def _for_coco(found: Found, truth: Objects) -> dict[str, NDArray[np.generic]]:
    """Keep the boxes as they are, for another library to match."""
    return {
        "found_boxes": found.boxes,
        "found_scores": found.scores,
        "found_labels": found.labels,
        "true_boxes": truth.boxes,
        "true_labels": truth.labels,
        "true_crowd": truth.crowd,
    }
