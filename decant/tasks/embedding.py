"""Gives a vector per sample, such that those of one identity lie close together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import field_validator

from ..errors import DataError
from ..metrics.pairs import MOST_PAIRS, Pairs, all_pairs, recall_at, verification
from .evidence import gather, weights_or_ones
from .marks import Mark
from .section import TaskSection, one_of
from .task import Metric, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .evidence import Evidence
    from .task import Outcome, Outputs

ROC_AUC = Metric("roc_auc", "chance that a pair of one identity is more alike than one of two")
EER = Metric(
    "eer",
    "share of pairs that are taken for the other kind at the threshold where both kinds err alike",
    better="lower",
)
RECALL_1 = Metric("recall_at_1", "share of samples whose nearest other is of their identity")
RECALL_5 = Metric("recall_at_5", "share of samples with one of their identity among the nearest 5")
METRICS = (ROC_AUC, EER, RECALL_1, RECALL_5)
PLACES = {RECALL_1.name: 1, RECALL_5.name: 5}
ROUNDING = 1e-9
"""Of the largest similarity; float64 sums are a million times finer."""
DRAWN = 64
"""Values of a vector that the report's gallery draws at most."""


class EmbeddingSection(TaskSection):
    """Gives vectors; metrics `roc_auc`, `eer`, `recall_at_1`, `recall_at_5`.

    Attributes:
        similarity: How alike two vectors are: the cosine of their angle, their dot product, or
            the lower for a greater distance.
    """

    usual_truth: ClassVar[tuple[str, ...]] = ("identity",)
    kind: Literal["embedding"]
    similarity: Literal["cosine", "dot", "euclidean"] = "cosine"
    metric: str = "roc_auc"

    @field_validator("metric")
    @classmethod
    def _check_metric(cls, metric: str) -> str:
        return one_of(metric, *METRICS)

    def open(self, folder: Path) -> Embedding:
        """Make the task."""
        return Embedding(self.similarity)


@dataclass(frozen=True, slots=True)
class Identity:
    """Of whom or what a sample is.

    Attributes:
        name: The same for samples that are to lie close together.
        partners: Ids of the samples that it is to be compared with.
    """

    name: str
    partners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Embedding(Task):
    """The task `embedding`.

    Its evidence holds `vectors` [n, D], the `identities` [n] as numbers, and of the pairs that the
    data gives `pairs` [m, 2], the samples' numbers; m is 0 where all pairs are meant.

    In a resample that draws sample i w_i times, the pair (i, j) counts w_i · w_j times: as often as
    a copy of i meets one of j. Copies of one sample never meet: they would be pairs of one identity
    that every model gets right. In retrieval, too, a sample is looked for among the others alone.
    """

    similarity: Literal["cosine", "dot", "euclidean"] = "cosine"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Verification of pairs, and retrieval within the set."""
        return METRICS

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """Whom it shows, and perhaps with which samples it is compared."""
        return ("identity", "partners")

    def read_truth(self, fields: Mapping[str, Any]) -> Identity:
        """Read a name or number, and the ids of partners."""
        name = fields.get("identity")
        if isinstance(name, float) and name.is_integer():
            name = int(name)
        if isinstance(name, bool) or not isinstance(name, str | int | np.integer) or name == "":
            raise ValueError(f"identity is {name!r}; give the name or number of whom it shows")
        partners = fields.get("partners")
        if partners is None:
            partners = ()
        if isinstance(partners, str) or not all(isinstance(each, str) for each in partners):
            raise ValueError(f"partners is {partners!r}; give a list of the ids of other samples")
        return Identity(str(name), tuple(partners))

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for one output of a vector per sample."""
        if len(shapes) != 1:
            raise DataError(
                f"this model has the outputs {sorted(shapes)}; return only the embedding from the "
                "model's forward"
            )
        ((name, shape),) = shapes.items()
        if len(shape) < 2 or any(size != 1 for size in shape[2:]) or shape[1] == 1:
            raise DataError(
                f"output {name!r} {list(shape)} is not [N, D], a vector of two values or more for "
                "each sample; flatten it in the model's forward"
            )

    def predict(
        self, outputs: Outputs, placements: Sequence[Placement | None]
    ) -> list[NDArray[np.float32]]:
        """Take the vector of each sample: [D]."""
        self.check_outputs({name: array.shape for name, array in outputs.items()})
        ((name, vectors),) = outputs.items()
        if not np.isfinite(vectors).all():
            raise DataError(
                f'output "{name}" is infinite for a sample; leave out the quantization that '
                "overflows"
            )
        return list(np.asarray(vectors, np.float32).reshape(len(vectors), -1))

    def judge(self, prediction: NDArray[np.float32], truth: Identity) -> Outcome:
        """Keep both: a vector is right or wrong beside others only."""
        return {"vectors": prediction, "identities": np.asarray(truth.name)}

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Put the vectors of all samples together and find the pairs.

        Raises:
            DataError: If no two samples have one identity, all have the same, the pairs are more
                than can be resampled, or a partner is no other sample of the set.
        """
        names = np.asarray([str(each["identities"]) for each in outcomes])
        identities = np.unique(names, return_inverse=True)[1].astype(np.int32)
        pairs = np.asarray([*_given_pairs(samples)], np.int32).reshape(-1, 2)
        pairs = np.unique(np.sort(pairs, 1), axis=0)
        _check_pairs(identities, pairs)
        vectors = np.asarray([each["vectors"] for each in outcomes], np.float32)
        arrays = {"vectors": vectors, "identities": identities, "pairs": pairs}
        return gather(samples, arrays)

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Verify the pairs and look every sample up among the others, for each resample."""
        weights = weights_or_ones(evidence, weights)
        identities, pairs = _identities(evidence), _pairs(evidence)
        alike = self._similarities(evidence)
        same = identities[pairs[:, 0]] == identities[pairs[:, 1]]
        scores = alike[pairs[:, 0], pairs[:, 1]]
        area, equal = verification(Pairs(pairs[:, 0], pairs[:, 1], scores, same), weights)
        found = {ROC_AUC.name: area, EER.name: equal}
        recalls = recall_at(tuple(PLACES.values()), alike, identities, weights)
        return found | dict(zip(PLACES, recalls, strict=True))

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the reciprocal of the place of the first of its identity; alone, by 1."""
        identities, alike = _identities(evidence), self._similarities(evidence)
        same = identities[:, np.newaxis] == identities
        np.fill_diagonal(same, val=False)
        best = np.where(same, alike, -np.inf).max(1, keepdims=True)
        np.fill_diagonal(alike, -np.inf)
        before = ((alike >= best) & ~same & np.isfinite(best)).sum(1)
        # The sample itself, at minus infinity, is before none.
        return np.asarray(1 / (1.0 + before))

    def draw_truth(self, truth: Identity) -> tuple[Mark, ...]:
        """Name the identity."""
        return (Mark(text=truth.name),)

    def draw_prediction(self, prediction: NDArray[np.float32]) -> tuple[Mark, ...]:
        """Draw the vector, at its unit length, as a line."""
        length = float(np.linalg.norm(prediction)) or 1.0
        return (Mark(curve=tuple(round(float(x), 4) for x in prediction[:DRAWN] / length)),)

    def _similarities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Say how alike each two samples are, on a scale of its own: [n, n]."""
        vectors = np.asarray(evidence.arrays["vectors"], np.float64)
        if self.similarity == "cosine":
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            # A vector of zeros points nowhere and is like nothing.
            vectors = vectors / np.where(lengths > 0, lengths, 1)
        products = vectors @ vectors.T
        if self.similarity == "euclidean":
            squares = np.einsum("nd,nd->n", vectors, vectors)
            products = 2 * products - squares - squares[:, np.newaxis]
        # Whether two are equally alike must not hang on the order in which a processor sums.
        step = np.abs(products).max() * ROUNDING
        return np.asarray(np.round(products / (step or 1)), np.float64)


def _given_pairs(samples: Sequence[Sample]) -> Iterator[tuple[int, int]]:
    """List the pairs that the data gives, by the samples' numbers.

    Raises:
        DataError: If a partner is no other sample.
    """
    numbers = {sample.id: number for number, sample in enumerate(samples)}
    for number, sample in enumerate(samples):
        for partner in cast("Identity", sample.truth).partners:
            if numbers.get(partner, number) == number:
                what = "itself" if partner == sample.id else "in no data set with it"
                raise DataError(
                    f'"{sample.id}": its partner "{partner}" is {what}; correct partners'
                )
            yield number, numbers[partner]


def _check_pairs(identities: NDArray[np.int32], pairs: NDArray[np.int32]) -> None:
    count = len(pairs) or math.comb(len(identities), 2)
    if count > MOST_PAIRS:
        raise DataError(
            f"{len(identities)} samples make {count:,} pairs, more than the {MOST_PAIRS:,} that "
            "are resampled in reasonable time; give each sample the partners that it is to be "
            "compared with, or take fewer samples"
        )
    first, second = (pairs if len(pairs) else all_pairs(len(identities))).T
    same = identities[first] == identities[second]
    if same.all() or not same.any():
        missing = "two identities" if same.any() else "one identity"
        raise DataError(
            f"none of the {count:,} pairs is of {missing}, so that no metric is defined; give "
            "several samples of each of several identities"
        )


def _identities(evidence: Evidence) -> NDArray[np.int32]:
    return cast("NDArray[np.int32]", evidence.arrays["identities"])


def _pairs(evidence: Evidence) -> NDArray[np.integer]:
    given = cast("NDArray[np.int32]", evidence.arrays["pairs"])
    return given if len(given) else all_pairs(len(evidence.ids))
