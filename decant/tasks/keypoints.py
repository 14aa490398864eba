"""Finds the named points of the one thing on a photo."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field, model_validator

from ..contract.decode.rule import Reading
from ..errors import DataError
from ..metrics import Ranking, average_precision
from .evidence import gather, weights_or_ones
from .marks import Mark, rounded
from .section import Labels, TaskSection, one_of
from .task import LabelWording, Metric, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .evidence import Evidence
    from .task import Outcome, Outputs

OKS_THRESHOLDS = np.linspace(0.5, 0.95, 10)
REFINEMENT = 0.25
"""Of a cell, towards the higher neighbour (A. Newell et al., Stacked Hourglass Networks, 2016)."""

OKS_AP = Metric(
    "oks_ap",
    "average precision over similarities of 0.50 to 0.95 with the true points (OKS AP as COCO has "
    "it), one answer per photo",
)


class KeypointsSection(TaskSection):
    """Finds points; metrics `pck`, `oks_ap`."""

    usual_truth: ClassVar[tuple[str, ...]] = ("objects",)
    kind: Literal["keypoints"]
    labels: Labels = Field(strict=False, min_length=1)
    metric: str = "pck"
    coordinates: Literal["pixels", "relative"] = "pixels"
    cells: Literal["centre", "corner"] = "centre"
    pck_threshold: float = Field(default=0.1, gt=0)
    pck_reference: tuple[str, ...] = Field(default=(), strict=False)
    sigmas: tuple[Annotated[float, Field(gt=0)], ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _check_keys(self) -> KeypointsSection:
        named = self.pck_reference
        if named and (len(named) != 2 or named[0] == named[1] or {*named} - {*self.labels}):
            raise ValueError(
                f"pck_reference = {list(named)} must be two of labels, whose distance is the "
                "reference, such as the eyes; leave it out for the box around the points"
            )
        if self.sigmas and len(self.sigmas) != len(self.labels):
            raise ValueError(
                f"sigmas has {len(self.sigmas)} numbers for {len(self.labels)} labels; give one "
                "for each, in their order"
            )
        if self.metric == OKS_AP.name and not self.sigmas:
            raise ValueError('metric = "oks_ap" needs sigmas, one for each label')
        one_of(self.metric, *self.open_keys().metrics)
        return self

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Count the points, or the heat maps."""
        relative = 'coordinates = "relative" where they are fractions of width and height'
        return tuple(
            Reading({}, names=shape[1], note=relative if len(shape) == 3 else "heat maps")
            for shape in shapes.values()
            if len(shapes) == 1 and (len(shape) == 4 or shape[2:] in ((2,), (3,)))
        )

    def open_keys(self) -> Keypoints:
        """Make the task, which needs no folder."""
        reference = tuple(self.labels.index(name) for name in self.pck_reference)
        return Keypoints(
            self.labels, _Reading(self.coordinates, self.cells), self.pck_threshold, reference,
            self.sigmas,
        )  # fmt: skip

    def open(self, folder: Path) -> Keypoints:
        """Make the task."""
        return self.open_keys()


@dataclass(frozen=True, slots=True)
class Points:
    """The points on one photo, in its pixels.

    Attributes:
        places: [K, 2] float64, x and y.
        scores: [K] float64, how sure the model is of each; of a truth 1 where it is labelled.
        area: Of the thing, in square pixels; only truths have one.
    """

    places: NDArray[np.float64]
    scores: NDArray[np.float64]
    area: float = 0.0


@dataclass(frozen=True, slots=True)
class _Reading:
    """What numbers of the network mean: coordinates, or cells of a heat map."""

    coordinates: str
    cells: str

    def points(self, values: NDArray[Any], placement: Placement | None) -> Points:
        """Read one sample: coordinates [K, 2 or 3], or heat maps [K, h, w]."""
        grid: NDArray[np.float64] | None
        if values.ndim == 3:
            places, scores = self._peaks(values)
            grid = np.array(values.shape[:0:-1], np.float64)
        else:
            given = np.asarray(values, np.float64)
            places = given[:, :2]
            scores = given[:, 2] if values.shape[1] == 3 else np.ones(len(values))
            grid = np.ones(2) if self.coordinates == "relative" else None
        if placement is None:
            return Points(places, scores)
        if grid is not None:
            places = places / grid * np.asarray(placement.tensor)
        return Points(placement.to_photo(places).astype(np.float64), scores)

    def _peaks(self, maps: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Find the highest cell of each map, a quarter of a cell towards its higher neighbours."""
        count, height, width = maps.shape
        best = maps.reshape(count, -1).argmax(1)
        row, column = np.divmod(best, width)
        which = np.arange(count)
        padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="edge")
        across = padded[which, row + 1, column + 2] - padded[which, row + 1, column]
        down = padded[which, row + 2, column + 1] - padded[which, row, column + 1]
        inside = np.stack(((column > 0) & (column < width - 1), (row > 0) & (row < height - 1)), 1)
        shift = REFINEMENT * np.sign(np.stack((across, down), 1)) * inside
        centre = 0.5 if self.cells == "centre" else 0.0
        places = np.stack((column, row), 1) + shift + centre
        return places, maps[which, row, column]


@dataclass(frozen=True, slots=True)
class Keypoints(Task):
    """The task `keypoints`.

    Its evidence holds `right` and `labelled` [n, K] bool, the points within the threshold and
    those whose place is known; `distances` [n], the mean distance of these in units of the
    reference, 1 at most; and with sigmas `similarities` and `scores` [n].
    """

    labels: tuple[str, ...] = field()
    reading: _Reading
    threshold: float = 0.1
    reference: tuple[int, ...] = ()
    sigmas: tuple[float, ...] = ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """PCK and, with sigmas, OKS AP."""
        size = "the longer side of the box around the true points"
        if self.reference:
            size = " and ".join(self.labels[k] for k in self.reference)
            size = f"the distance of {size}"
        wording = f"share of the points within {self.threshold} of {size} (PCK)"
        pck = Metric("pck", wording)
        return (pck, OKS_AP) if self.sigmas else (pck,)

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """Points with what is known of each, or objects of which one has them."""
        return ("points", "visible", "area", "objects")

    @property
    def label_wording(self) -> LabelWording:
        """The share that is right, point by point."""
        return LabelWording("points", {"pck": "share of the points that are near enough"})

    def read_truth(self, fields: Mapping[str, Any]) -> Points:
        """Read `points` [K, 2] or [K, 3] with `visible` [K] and `area`, or the one of `objects`."""
        if "objects" in fields:
            fields = _only_object(fields["objects"])
        if "points" not in fields:
            raise ValueError("has no points; give the place of each label, [labels, 2]")
        count = len(self.labels)
        given: NDArray[np.float64] = np.asarray(fields["points"], np.float64)
        if given.shape not in ((count, 2), (count, 3)):
            raise ValueError(
                f"the points are {list(given.shape)}; give x and y of each of {count} labels, "
                f"[{count}, 2], or with visibility [{count}, 3]"
            )
        told = given[:, 2] if given[0].size == 3 else np.ones(count)
        visible = np.asarray(fields.get("visible", told), np.float64)
        if visible.shape != (count,):
            raise ValueError(f"visible is {list(visible.shape)}; give a number for each of {count}")
        seen: NDArray[np.bool_] = visible > 0
        places = given[:, :2]
        if not np.isfinite(places[seen]).all():
            name = self.labels[int(np.flatnonzero(seen & ~np.isfinite(places).all(1))[0])]
            raise ValueError(
                f'"{name}" lies at NaN or infinity; say in visible that nobody knows where it is'
            )
        # An empty cell of a CSV file is a text.
        area = None if fields.get("area") == "" else fields.get("area")
        known = places[seen]
        around = float(np.ptp(known, 0).prod()) if len(known) else 0.0
        area = around if area is None else float(area)
        if not area >= 0 or not np.isfinite(area):
            raise ValueError(f"area = {area}; give the square pixels that the thing covers")
        return Points(np.where(seen[:, np.newaxis], places, 0.0), seen.astype(np.float64), area)

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for one output with coordinates or a heat map for each label."""
        if len(shapes) != 1:
            raise DataError(
                f'kind = "keypoints" takes one output, this model has {sorted(shapes)}; return '
                "only coordinates or heat maps from the model's forward"
            )
        ((name, shape),) = shapes.items()
        count = len(self.labels)
        named = len(shape) > 1 and shape[1] in (None, count)
        if not named or not (len(shape) == 4 or (len(shape) == 3 and shape[2] in (None, 2, 3))):
            raise DataError(
                f"output {name!r} {list(shape)} is neither coordinates, [N, {count}, 2 or 3], nor "
                f"heat maps, [N, {count}, h, w], of {count} labels; make task.labels and the model "
                "agree"
            )

    def predict(self, outputs: Outputs, placements: Sequence[Placement | None]) -> list[Points]:
        """Read the points of each photo, in its pixels."""
        self.check_outputs({name: array.shape for name, array in outputs.items()})
        (several,) = outputs.values()
        pairs = zip(np.asarray(several), placements, strict=True)
        return [self.reading.points(each, placement) for each, placement in pairs]

    def judge(self, prediction: Points, truth: Points) -> Outcome:
        """Measure how far each point is off."""
        labelled = truth.scores > 0
        squares = np.square(prediction.places - truth.places).sum(1)
        size = self._size(truth, labelled)
        if size == 0:
            labelled = np.zeros_like(labelled)
        away = np.sqrt(squares) / (size or 1)
        found = {
            "right": labelled & (away <= self.threshold),
            "labelled": labelled,
            "distances": np.asarray(
                np.minimum(away[labelled], 1).mean() if labelled.any() else 0.0
            ),
        }
        if self.sigmas:
            known = truth.scores > 0
            alike = np.exp(-squares / (2 * self._variances * (truth.area + np.spacing(1))))
            mean = alike[known].mean() if known.any() else 0.0
            found["similarities"] = np.asarray(mean)
            found["known"] = np.asarray(known.any())
            found["scores"] = np.asarray(prediction.scores.mean())
        return found

    @property
    def _variances(self) -> NDArray[np.float64]:
        """Of each label, (2 sigma)² as COCO's keypoint evaluation has it."""
        return (2 * np.asarray(self.sigmas, np.float64)) ** 2

    def _size(self, truth: Points, labelled: NDArray[np.bool_]) -> float:
        """Give the reference in pixels; 0 where it is not known."""
        if self.reference:
            ends = truth.places[list(self.reference)]
            known = labelled[list(self.reference)].all()
            return float(np.linalg.norm(ends[0] - ends[1])) if known else 0.0
        known_places = truth.places[labelled]
        return float(np.ptp(known_places, 0).max()) if len(known_places) else 0.0

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Stack the outcomes.

        Raises:
            DataError: If no photo has a point to be judged.
        """
        arrays = {name: np.stack([each[name] for each in outcomes]) for name in outcomes[0]}
        if not arrays["labelled"].any():
            raise DataError(
                f"none of the {len(outcomes)} photos has a point and a size to measure its error "
                "by, so that no metric is defined; label points, or correct task.pck_reference"
            )
        return gather(samples, arrays)

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Count the points that are near enough; rank photos by how sure the model is."""
        counts = weights_or_ones(evidence, weights)
        arrays = cast("dict[str, NDArray[Any]]", evidence.arrays)
        right, labelled = (arrays[name].sum(1) for name in ("right", "labelled"))
        with np.errstate(invalid="ignore"):
            found = {"pck": counts @ right / (counts @ labelled)}
        if self.sigmas:
            found["oks_ap"] = average_precision(_ranking(evidence), counts).mean(0)
        return found

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by how near the points are, in units of the reference."""
        return 1 - cast("NDArray[np.float64]", evidence.arrays["distances"])

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the photos on which each point is judged."""
        arrays = cast("dict[str, NDArray[Any]]", evidence.arrays)
        return np.asarray(arrays["labelled"].sum(0), np.int64)

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Give each point's share that is near enough."""
        arrays = cast("dict[str, NDArray[Any]]", evidence.arrays)
        with np.errstate(invalid="ignore"):
            share = arrays["right"].sum(0) / arrays["labelled"].sum(0)
        return {"pck": np.asarray(share)}

    def draw_truth(self, truth: Points) -> tuple[Mark, ...]:
        """Mark the points that are labelled."""
        return (Mark(points=rounded(truth.places[truth.scores > 0])),)

    def draw_prediction(self, prediction: Points) -> tuple[Mark, ...]:
        """Mark all points."""
        return (Mark(points=rounded(prediction.places)),)


def _ranking(evidence: Evidence) -> Ranking:
    """Rank the photos' answers; one without a known point does not count."""
    arrays = cast("dict[str, NDArray[Any]]", evidence.arrays)
    scores, known = arrays["scores"], np.asarray(arrays["known"], np.bool_)
    order = np.argsort(-scores, kind="stable")
    enough = arrays["similarities"][order] >= OKS_THRESHOLDS[:, np.newaxis]
    ignored = np.broadcast_to(~known[order], enough.shape)
    return Ranking(order, enough & known[order], ignored, known.astype(np.int64))


def _only_object(objects: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Take the object with points whose place is known; one with unknown ones if there is none."""
    pointed = [each for each in objects if each.get("points") is not None]
    found = [each for each in pointed if (each["points"][:, 2] > 0).any()] or pointed[:1]
    if len(found) != 1:
        raise ValueError(
            f'{len(found)} annotations have keypoints; kind = "keypoints" takes photos of one '
            "thing each: cut the others out"
        )
    return found[0]
