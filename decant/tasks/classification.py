"""Names one class per image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from ..errors import DataError
from .evidence import gather, weights_or_ones

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ..images import Placement
    from ..samples import Sample
    from .evidence import Evidence
    from .task import Prediction, Shapes


@dataclass(frozen=True, slots=True)
class Classification:
    """The task `classification`.

    Its evidence holds the `truths` [n], the labels that were `named` first [n], and `ranks` [n]:
    how many labels score above the true one. Equal scores, common in int8, count for the lower
    index, as argmax does.
    """

    labels: tuple[str, ...]
    metric: str = "top1"

    @property
    def display_threshold(self) -> None:
        """The first label is shown, however unsure it is."""

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The share of images whose label is first, or (with six labels or more) in the top 5."""
        return ("top1", "top5") if len(self.labels) > 5 else ("top1",)

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for one output that holds a score per label."""
        if len(shapes) != 1:
            raise DataError(
                f"a classifier has one output, this model has {sorted(shapes)}; "
                "return only the scores from the model's forward"
            )
        ((name, shape),) = shapes.items()
        if math.prod(size or 1 for size in shape[1:]) != len(self.labels):
            raise DataError(
                f"output {name!r} {list(shape)} does not hold {len(self.labels)} scores for each "
                "image, one per label; make task.labels and the model agree"
            )

    def predict(
        self, outputs: Mapping[str, NDArray[np.float32]], placements: Sequence[Placement]
    ) -> list[NDArray[np.float32]]:
        """Take the only output, [N, labels] or with sizes 1 after that, as scores."""
        self.check_outputs({name: scores.shape for name, scores in outputs.items()})
        (scores,) = outputs.values()
        if len(scores) != len(placements):
            raise DataError(
                f"the model answers {len(scores)} times to {len(placements)} images; keep the "
                "first axis of its output that of its input"
            )
        return list(scores.reshape(len(scores), -1))

    def evidence(self, predictions: Sequence[Prediction], samples: Sequence[Sample]) -> Evidence:
        """Rank the true label of every image."""
        scores = np.stack(cast("Sequence[NDArray[np.float32]]", predictions))
        truths = np.asarray([cast("int", sample.truth) for sample in samples])[:, np.newaxis]
        true = np.take_along_axis(scores, truths, 1)
        lower = np.arange(scores.shape[1]) < truths
        ranks = (scores > true).sum(1) + ((scores == true) & lower).sum(1)
        arrays = {"ranks": ranks, "truths": truths[:, 0], "named": scores.argmax(1)}
        return gather(samples, {name: array.astype(np.int32) for name, array in arrays.items()})

    def metrics(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Count images whose label is among the first one or five."""
        weights = weights_or_ones(evidence, weights)
        ranks = cast("NDArray[np.int32]", evidence.arrays["ranks"])
        drawn = weights.sum(1)
        with np.errstate(invalid="ignore"):
            shares = {k: weights @ (ranks < k).astype(np.int64) / drawn for k in (1, 5)}
        return {name: shares[int(name.removeprefix("top"))] for name in self.metric_names}

    def per_image(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the reciprocal of the true label's place."""
        ranks = cast("NDArray[np.int32]", evidence.arrays["ranks"])
        return 1 / (1.0 + ranks)

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the images of each label."""
        return np.asarray(self.confusion(evidence).sum(1))

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Give each label's recall and precision."""
        confusion = self.confusion(evidence)
        right = confusion.diagonal()
        with np.errstate(invalid="ignore"):
            return {"recall": right / confusion.sum(1), "precision": right / confusion.sum(0)}

    def confusion(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count how often each label was named for each."""
        truths, named = (cast("NDArray[np.int32]", evidence.arrays[k]) for k in ("truths", "named"))
        found = np.zeros((len(self.labels), len(self.labels)), np.int64)
        np.add.at(found, (truths, named), 1)
        return found
