"""Finds objects by their four corners; judged by boxes and by quads."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..decode import Detections, corner_name, decode, require_output, score_name
from ..errors import DataError
from ..metrics import (
    MAX_DETECTIONS,
    THRESHOLDS,
    Ranking,
    average_precision,
    box_overlaps,
    match,
    quad_overlaps,
)
from ..samples import QuadTruth
from .evidence import gather, weights_or_ones

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ..images import Placement
    from ..rules import QuadGridRule
    from ..samples import Sample
    from .evidence import Evidence
    from .task import Prediction, Shapes

QUAD_THRESHOLDS = np.array([0.5])


@dataclass(frozen=True, slots=True)
class QuadDetection:
    """The task `quad_detection`.

    Its evidence holds, for d detections in the order image, label, falling score: `images`,
    `labels`, `scores` [d], `matched` and `ignored` [11, d] (boxes at the ten COCO thresholds, then
    quads at 0.5); and `positives` [n, labels], the true objects.
    """

    labels: tuple[str, ...]
    rule: QuadGridRule

    @property
    def display_threshold(self) -> float:
        """As the decoding rule says."""
        return self.rule.display_threshold

    @property
    def metric_names(self) -> tuple[str, ...]:
        """AP@[.50:.95] and AP50 over boxes, AP50 over quads."""
        return ("ap", "ap50", "quad_ap50")

    def check_outputs(self, shapes: Shapes, image: tuple[int, int]) -> None:
        """Ask for the scores and the corners of every stride, in cells of that many pixels."""
        for stride in self.rule.strides:
            cells = tuple(size // stride for size in image)
            wanted = {
                score_name(stride): (len(self.labels), *cells),
                corner_name(stride): (8, *cells),
            }
            for name, needed in wanted.items():
                require_output(name, shapes, stride)
                given = shapes[name][1:]
                fits = len(given) == 3 and all(
                    a in (None, b) for a, b in zip(given, needed, strict=True)
                )
                if not fits:
                    raise DataError(
                        f"output {name!r} {list(shapes[name])} does not fit {len(self.labels)} "
                        f"labels and an input of {list(image)}, which need [N, "
                        f"{', '.join(map(str, needed))}]; make task.labels, task.decode.strides, "
                        "input.shape and the model agree"
                    )

    def predict(
        self, outputs: Mapping[str, NDArray[np.float32]], placements: Sequence[Placement]
    ) -> list[Detections]:
        """Decode a batch into detections in pixels of each photo."""
        found = decode(outputs, self.rule)
        return [_on_photo(each, where) for each, where in zip(found, placements, strict=True)]

    def evidence(self, predictions: Sequence[Prediction], samples: Sequence[Sample]) -> Evidence:
        """Match the detections of every image, label by label.

        Raises:
            DataError: If no image has a true object.
        """
        pairs = list(zip(predictions, samples, strict=True))
        positives = np.zeros((len(pairs), len(self.labels)), np.int32)
        parts = [_no_outcome()]
        for image, (prediction, sample) in enumerate(pairs):
            found, truth = cast("Detections", prediction), cast("QuadTruth", sample.truth)
            np.add.at(positives[image], truth.labels[~truth.crowd], 1)
            parts += [_outcome(image, int(k), found, truth) for k in np.unique(found.labels)]
        if not positives.any():
            raise DataError(
                f"none of the {len(pairs)} images has a true object, so that no metric is defined; "
                "give images with objects"
            )
        arrays = {key: np.concatenate([part[key] for part in parts], -1) for key in parts[0]}
        return gather(samples, arrays | {"positives": positives})

    def metrics(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Average the precision over labels that have objects, as COCO does."""
        each = self._precisions(evidence, weights_or_ones(evidence, weights))
        defined = (~np.isnan(each[:, 0])).sum(0)
        with np.errstate(invalid="ignore"):
            return _by_metric(np.nansum(each, axis=0) / defined)

    def per_image(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the image's own AP; without objects, by how unsure the false alarms are."""
        count, outcomes = len(evidence.ids), _Outcomes.read(evidence)
        best = np.zeros(count)
        np.maximum.at(best, outcomes.images, outcomes.scores)
        grades = np.empty(count)
        for image in range(count):
            alone = np.zeros((1, count), np.int64)
            alone[0, image] = 1
            grades[image] = self.metrics(evidence, alone)["ap"][0]
        return np.where(np.isnan(grades), 1 - best, grades)

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the objects of each label; crowds are none."""
        return np.asarray(_Outcomes.read(evidence).positives.sum(0, dtype=np.int64))

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Give each label's average precisions, and what of it an app shows.

        That is recall and precision of the detections from the display threshold on, by boxes that
        overlap by half.
        """
        outcomes = _Outcomes.read(evidence)
        shown = (outcomes.scores >= self.rule.display_threshold) & ~outcomes.ignored[0]
        named, right = (
            np.bincount(outcomes.labels[those], minlength=len(self.labels))
            for those in (shown, shown & outcomes.matched[0])
        )
        each = self._precisions(evidence, weights_or_ones(evidence, None))
        with np.errstate(invalid="ignore"):
            shares = {
                "recall": right / self.label_counts(evidence),
                "precision": right / named,
            }
        return _by_metric(each[..., 0].T) | shares

    def confusion(self, evidence: Evidence) -> None:
        """An object that is not found has no label that was named for it."""

    def _precisions(self, evidence: Evidence, weights: NDArray[np.integer]) -> NDArray[np.float64]:
        """Give the average precisions [labels, 11, b] of resamples [b, n]; NaN without objects."""
        outcomes, drawn = _Outcomes.read(evidence), np.asarray(weights.any(0))
        rankings = [outcomes.ranking(label, drawn) for label in range(len(self.labels))]
        return np.stack([average_precision(ranking, weights) for ranking in rankings])


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """The arrays of `QuadDetection`'s evidence."""

    images: NDArray[np.int32]
    labels: NDArray[np.int16]
    scores: NDArray[np.float32]
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    positives: NDArray[np.int32]

    @classmethod
    def read(cls, evidence: Evidence) -> _Outcomes:
        arrays = cast("dict[str, NDArray[Any]]", evidence.arrays)
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def ranking(self, label: int, drawn: NDArray[np.bool_]) -> Ranking:
        """Rank the detections of a label on the images drawn; equal scores keep image order."""
        mine = np.flatnonzero((self.labels == label) & drawn[self.images])
        order = mine[np.argsort(-self.scores[mine], kind="stable")]
        positives = self.positives[:, label]
        return Ranking(
            self.images[order], self.matched[:, order], self.ignored[:, order], positives
        )


def _by_metric(precisions: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Name average precisions [11, …] as metrics."""
    levels = len(THRESHOLDS)
    return {
        "ap": precisions[:levels].mean(0),
        "ap50": precisions[0],
        "quad_ap50": precisions[levels],
    }


def _on_photo(found: Detections, placement: Placement) -> Detections:
    """Move detections from pixels of the model's input to pixels of the photo."""
    boxes = placement.to_photo(found.boxes.reshape(-1, 2, 2)).reshape(-1, 4)
    return replace(found, boxes=boxes, quads=placement.to_photo(found.quads))


def _no_outcome() -> dict[str, NDArray[np.generic]]:
    criteria = len(THRESHOLDS) + len(QUAD_THRESHOLDS)
    return {
        "images": np.zeros(0, np.int32),
        "labels": np.zeros(0, np.int16),
        "scores": np.zeros(0, np.float32),
        "matched": np.zeros((criteria, 0), np.bool_),
        "ignored": np.zeros((criteria, 0), np.bool_),
    }


def _outcome(
    image: int, label: int, found: Detections, truth: QuadTruth
) -> dict[str, NDArray[np.generic]]:
    """Match the detections of one label on one image."""
    mine, theirs = np.flatnonzero(found.labels == label), truth.labels == label
    mine = mine[np.argsort(-found.scores[mine], kind="stable")][:MAX_DETECTIONS]
    crowd = truth.crowd[theirs]
    boxes = box_overlaps(found.boxes[mine], truth.boxes[theirs], crowd)
    quads = quad_overlaps(found.quads[mine], truth.quads[theirs], crowd)
    by_box, by_quad = match(boxes, crowd, THRESHOLDS), match(quads, crowd, QUAD_THRESHOLDS)
    return {
        "images": np.full(len(mine), image, np.int32),
        "labels": np.full(len(mine), label, np.int16),
        "scores": found.scores[mine].astype(np.float32),
        "matched": np.concatenate((by_box[0], by_quad[0])),
        "ignored": np.concatenate((by_box[1], by_quad[1])),
    }
