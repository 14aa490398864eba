"""Finds objects by upright boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union

import numpy as np
from pydantic import Field, field_validator

from ..contract.decode import BOX_RULES, BoxRule, FoundBoxes
from ..contract.decode.boxes import corners_of
from ..errors import DataError
from ..metrics import MAX_DETECTIONS, THRESHOLDS
from .evidence import weights_or_ones
from .object_detection import AP, AP50, ObjectDetection, Outcomes, label_indices, mean_of_defined
from .section import Labels, TaskSection, one_of
from .task import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode import DecodeRule
    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from .evidence import Evidence
    from .task import Outputs

AP75 = Metric("ap75", "average precision where a box counts from an overlap (IoU) of 0.75")
AR100 = Metric(
    "ar100",
    f"share of the objects found by the {MAX_DETECTIONS} best boxes of each image and label, over "
    "overlaps of 0.50 to 0.95 (AR as COCO has it)",
)
METRICS = (AP, AP50, AP75, AR100)

if TYPE_CHECKING:
    AnyBoxRule = BoxRule
else:
    AnyBoxRule = Annotated[Union[BOX_RULES], Field(discriminator="kind")]  # noqa: UP007


class DetectionSection(TaskSection):
    """Finds upright boxes; metrics `ap`, `ap50`, `ap75`, `ar100`."""

    usual_truth: ClassVar[tuple[str, ...]] = ("objects",)
    decode_rules: ClassVar[tuple[type[DecodeRule], ...]] = BOX_RULES
    kind: Literal["detection"]
    labels: Labels = Field(strict=False, min_length=1)
    metric: str = "ap"
    decode: AnyBoxRule

    @field_validator("metric")
    @classmethod
    def _check_metric(cls, metric: str) -> str:
        return one_of(metric, *METRICS)

    @property
    def files(self) -> dict[str, str]:
        """What the decode rule reads from files."""
        return {f"decode.{key}": path for key, path in self.decode.files.items()}

    def known_metric(self) -> Metric | None:
        """The metric, without reading what the decode rule names."""
        return next((each for each in METRICS if each.name == self.metric), None)

    def open(self, folder: Path) -> Detection:
        """Make the task.

        Raises:
            DataError: If a file that the decode rule names cannot be used.
        """
        return Detection(self.labels, self.decode.opened(folder))


@dataclass(frozen=True, slots=True)
class BoxTruth:
    """The objects on one photo, in pixels of the photo.

    Attributes:
        boxes: [n, 4] float64, xyxy.
        labels: [n] int64, index into the task's labels.
        crowd: [n] bool; a region of uncounted objects (COCO's `iscrowd`): detections on it are
            neither right nor wrong.
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]

    @property
    def quads(self) -> NDArray[np.float64]:
        """The corners, [n, 4, 2] from the top left clockwise."""
        return np.asarray(corners_of(self.boxes), np.float64)


@dataclass(frozen=True, slots=True)
class Detection(ObjectDetection):
    """The task `detection`."""

    rule: BoxRule = field()

    @property
    def display_threshold(self) -> float:
        """As the decoding rule says."""
        return self.rule.display_threshold

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """COCO's family."""
        return METRICS

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """Objects with all that is known of each, or boxes with the names of their labels."""
        return ("boxes", "labels", "objects")

    def read_truth(self, fields: Mapping[str, Any]) -> BoxTruth:
        """Read objects, or boxes [n, 4] xyxy with their labels' names."""
        if "objects" in fields:
            objects: Sequence[Mapping[str, Any]] = fields["objects"]
            boxes, names = ([each[key] for each in objects] for key in ("box", "label"))
            crowd = np.asarray([each["crowd"] for each in objects], np.bool_)
        else:
            if "boxes" not in fields:
                raise ValueError("has labels without boxes; give the box of each object")
            boxes = fields["boxes"]
            if "labels" not in fields and len(self.labels) > 1:
                raise ValueError("has boxes without labels, but task.labels has several; name each")
            names = fields.get("labels", [self.labels[0]] * len(boxes))
            crowd = np.zeros(len(boxes), np.bool_)
        found = _read_boxes(boxes)
        return BoxTruth(found, label_indices(names, self.labels, len(found)), crowd)

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Hold the outputs against the decode rule."""
        try:
            self.rule.check_shapes(shapes, len(self.labels))
        except ValueError as error:
            raise DataError(
                f"task.{error}; make task.labels, task.decode and the model agree"
            ) from error

    def predict(self, outputs: Outputs, placements: Sequence[Placement | None]) -> list[FoundBoxes]:
        """Decode a batch into boxes in pixels of each photo."""
        return self.rule.decode(outputs, len(self.labels), placements)

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Add the average recall."""
        recalls = _recalls(Outcomes.read(evidence), weights_or_ones(evidence, weights))
        # A class with slots is made anew, which super() would not know.
        precisions = ObjectDetection.figures(self, evidence, weights)
        return {**precisions, AR100.name: mean_of_defined(recalls).mean(0)}

    def by_metric(self, precisions: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Average over the thresholds, and take those at 0.5 and 0.75."""
        middle = int(np.argmin(np.abs(THRESHOLDS - 0.75)))
        return {"ap": precisions.mean(0), "ap50": precisions[0], "ap75": precisions[middle]}

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Add each label's average recall."""
        recalls = _recalls(Outcomes.read(evidence), weights_or_ones(evidence, None))
        shares = ObjectDetection.per_label(self, evidence)
        return {**shares, AR100.name: recalls[..., 0].mean(1)}


def _recalls(outcomes: Outcomes, weights: NDArray[np.integer]) -> NDArray[np.float64]:
    """Give the share of objects found [labels, c, b] in resamples [b, n]; NaN without objects."""
    images, labels = outcomes.positives.shape
    hits = np.zeros((len(outcomes.matched), images, labels), np.int64)
    for level, matched in enumerate(outcomes.matched):
        np.add.at(hits[level], (outcomes.images[matched], outcomes.labels[matched]), 1)
    with np.errstate(invalid="ignore"):
        shares = (weights @ hits) / (weights @ outcomes.positives)
    return np.asarray(shares.transpose(2, 0, 1), np.float64)


def _read_boxes(boxes: Any) -> NDArray[np.float64]:
    """Read boxes [n, 4] xyxy.

    Raises:
        ValueError: If they are something else, or one has no area.
    """
    try:
        found = np.asarray(boxes, np.float64)
    except (TypeError, ValueError):
        found = np.zeros(1)
    found = found.reshape(0, 4) if found.size == 0 else found
    if found.ndim != 2 or found.shape[1] != 4:
        raise ValueError(
            f"has boxes of the shape {list(np.shape(found))}, not [objects, 4]; give left, top, "
            "right and bottom of each in pixels"
        )
    for box in found:
        if not np.isfinite(box).all() or (box[2:] <= box[:2]).any():
            raise ValueError(
                f"has the box {box.tolist()}, which has no area; give left, top, right and bottom"
            )
    return found
