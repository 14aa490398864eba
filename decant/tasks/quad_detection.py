"""Finds objects by their four corners; judged by boxes and by quads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from ..contract.decode import Detections, QuadGridRule
from ..contract.decode.quad_grid import (
    corner_name,
    decode,
    on_photo,
    require_output,
    score_name,
)
from ..errors import DataError
from ..metrics import THRESHOLDS, convex, quad_overlaps
from ..samples import QuadTruth
from .object_detection import AP, AP50, ObjectDetection, label_indices
from .section import Labels, TaskSection, one_of
from .task import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode import DecodeRule
    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from .task import Outputs

QUAD_THRESHOLDS = np.array([0.5])

QUAD_AP50 = Metric(
    "quad_ap50", "the same with the polygon of the four corners instead of the upright box"
)


class QuadDetectionSection(TaskSection):
    """Finds quads; metrics `ap`, `ap50`, `quad_ap50`."""

    usual_truth: ClassVar[tuple[str, ...]] = ("objects",)
    decode_rules: ClassVar[tuple[type[DecodeRule], ...]] = (QuadGridRule,)
    kind: Literal["quad_detection"]
    labels: Labels = Field(strict=False, min_length=1)
    metric: str = "ap50"
    decode: QuadGridRule

    @field_validator("metric")
    @classmethod
    def _check_metric(cls, metric: str) -> str:
        return one_of(metric, AP, AP50, QUAD_AP50)

    def open(self, folder: Path) -> QuadDetection:
        """Make the task."""
        return QuadDetection(self.labels, self.decode)

    def check_image(self, height: int, width: int) -> None:
        """Ask for whole cells."""
        for stride in self.decode.strides:
            if height % stride or width % stride:
                raise ValueError(
                    f"task.decode.strides: {stride} does not divide an input of {height}×{width} "
                    "into whole cells"
                )


def _checked_quads(given: Any) -> NDArray[np.float64]:
    """Read the corners of objects, [n, 4, 2] or [n, 8].

    Raises:
        ValueError: If they are of another shape, not finite, or no quads.
    """
    found: NDArray[np.float64] = np.asarray(given, np.float64)
    if found.size and found.shape[1:] not in ((4, 2), (8,)):
        raise ValueError(
            f"the quads are {list(found.shape)}; give x and y of the four corners of each object, "
            "[n, 4, 2]"
        )
    quads = found.reshape(-1, 4, 2)
    for index, quad in enumerate(quads):
        if not np.isfinite(quad).all() or not convex(quad):
            raise ValueError(
                f"quad {index} is {quad.tolist()}, which is not convex with its corners in order; "
                "correct it"
            )
    return quads


@dataclass(frozen=True, slots=True)
class QuadDetection(ObjectDetection):
    """The task `quad_detection`; the last criterion of its evidence is of quads at 0.5."""

    criteria: ClassVar[tuple[NDArray[np.float64], ...]] = (THRESHOLDS, QUAD_THRESHOLDS)
    rule: QuadGridRule = field()

    @property
    def display_threshold(self) -> float:
        """As the decoding rule says."""
        return self.rule.display_threshold

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """AP@[.50:.95] and AP50 over boxes, AP50 over quads."""
        return (AP, AP50, QUAD_AP50)

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """Objects with all that is known of each, or quads with the names of their labels."""
        return ("quads", "labels", "objects")

    def read_truth(self, fields: Mapping[str, Any]) -> QuadTruth:
        """Read objects, or quads with their labels' names."""
        if "objects" in fields:
            return _of_objects(fields["objects"], self.labels)
        if "quads" not in fields:
            raise ValueError("has labels without quads; give the corners of each object")
        quads = _checked_quads(fields["quads"])
        if "labels" not in fields and len(self.labels) > 1:
            raise ValueError("has quads without labels, but task.labels has several; name each")
        names = fields.get("labels", [self.labels[0]] * len(quads))
        boxes = np.concatenate((quads.min(1), quads.max(1)), 1)
        indices = label_indices(names, self.labels, len(quads))
        return QuadTruth(boxes, quads, indices, np.zeros(len(quads), np.bool_))

    def truth_bytes(self, truth: QuadTruth) -> bytes:
        """Write the arrays one after another, as reports of the first version of decant did."""
        arrays = (
            ("<f8", truth.boxes),
            ("<f8", truth.quads),
            ("<i8", truth.labels),
            ("?", truth.crowd),
        )
        return b"".join(np.ascontiguousarray(each, dtype).tobytes() for dtype, each in arrays)

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for the scores and the corners of every stride, in cells of that many pixels."""
        assert image is not None, "the spec asks for an image"
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

    def predict(self, outputs: Outputs, placements: Sequence[Placement | None]) -> list[Detections]:
        """Decode a batch into detections in pixels of each photo."""
        found = zip(decode(outputs, self.rule), placements, strict=True)
        return [each if where is None else on_photo(each, where) for each, where in found]

    def overlaps(
        self, found: Any, mine: NDArray[np.intp], truth: Any, theirs: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], ...]:
        """Compare boxes, then quads."""
        quads = quad_overlaps(found.quads[mine], truth.quads[theirs], truth.crowd[theirs])
        # A class with slots is made anew, which super() would not know.
        return (*ObjectDetection.overlaps(self, found, mine, truth, theirs), quads)

    def by_metric(self, precisions: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Average over the thresholds of boxes, and take those at 0.5."""
        levels = len(THRESHOLDS)
        return {
            "ap": precisions[:levels].mean(0),
            "ap50": precisions[0],
            "quad_ap50": precisions[levels],
        }


def _of_objects(objects: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> QuadTruth:
    """Read objects with `label`, `box` (xyxy), `quad` (four corners or None) and `crowd`."""
    for each in objects:
        quad = each["quad"]
        if quad is not None and not convex(np.asarray(quad, np.float64).reshape(4, 2)):
            flat = [float(x) for x in np.asarray(quad).ravel()]
            raise ValueError(f"quad = {flat} is not convex, with its corners in order")
    return QuadTruth(
        boxes=np.asarray([each["box"] for each in objects], np.float64).reshape(-1, 4),
        quads=np.asarray([_corners(each) for each in objects], np.float64).reshape(-1, 4, 2),
        labels=label_indices([each["label"] for each in objects], labels, len(objects)),
        crowd=np.asarray([each["crowd"] for each in objects], np.bool_),
    )


def _corners(each: Mapping[str, Any]) -> NDArray[np.float64]:
    """Give the corners [4, 2]; those of the box where no quad is given."""
    if each["quad"] is not None:
        return np.asarray(each["quad"], np.float64).reshape(4, 2)
    left, top, right, bottom = each["box"]
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
