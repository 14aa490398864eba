"""What every decode rule of upright boxes shares: thresholds, overlaps and the way to the photo."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ...errors import DataError
from .rule import DecodeRule, Prediction, Shapes, check_thresholds
from .suppression import suppress

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from ...tensors import TensorInfo
    from ..images import Placement
    from .rule import Outputs

Raw: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Of a batch: boxes [N, A, 4] xyxy in the unit of the rule, and scores [N, A, K] of K labels."""

Activation = Literal["none", "sigmoid", "softmax"]
BoxFormat = Literal["xyxy", "yxyx", "xywh", "cxcywh"]


@dataclass(frozen=True, slots=True)
class FoundBoxes:
    """What was found in one image, best first.

    Attributes:
        boxes: [k, 4] float32, xyxy, in pixels.
        scores: [k] float32, 0…1.
        labels: [k] int64.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]

    @property
    def quads(self) -> NDArray[np.float32]:
        """The corners, [k, 4, 2] from the top left clockwise."""
        return corners_of(self.boxes)


class BoxRule(DecodeRule):
    """A rule that finds upright boxes.

    Attributes:
        box_unit: Of the coordinates: "pixels" of the model's input, or a "fraction" of its width
            and height.
        multi_label: Whether a box is an object of every label whose score passes, or of its best
            label alone.
        score_threshold: What scores no more is dropped.
        display_threshold: Lower scores are not shown to a user; they are for measuring.
        nms_iou: A box that overlaps a better one by more than this is dropped; with 1, none is.
        class_wise: Whether only boxes of one label are held against each other.
        max_candidates: Looked at for overlaps, best first.
        max_detections: Kept per image, best first.
    """

    corners: ClassVar[int] = 4
    box_unit: Literal["pixels", "fraction"] = "pixels"
    multi_label: bool = True
    score_threshold: float = Field(default=0.05, gt=0, lt=1)
    display_threshold: float = Field(default=0.5, gt=0, lt=1)
    nms_iou: float = Field(default=0.6, gt=0, le=1)
    class_wise: bool = True
    max_candidates: int = Field(default=1000, ge=1)
    max_detections: int = Field(default=100, ge=1)

    @model_validator(mode="after")
    def _check_thresholds(self) -> Self:
        check_thresholds(self.score_threshold, self.display_threshold)
        return self

    @property
    def files(self) -> dict[str, str]:
        """What the rule reads from files beside the spec: paths by key."""
        return {}

    def opened(self, folder: Path) -> Self:
        """Read what the rule names files for.

        Raises:
            DataError: If such a file is missing or does not hold what it should.
        """
        return self

    @abstractmethod
    def check_shapes(self, shapes: Shapes, labels: int) -> None:
        """Check that a model's outputs are those that the rule reads.

        Raises:
            ValueError: If they are not; the message begins with the key at fault, `decode.…`.
        """

    @abstractmethod
    def raw(self, outputs: Outputs, labels: int) -> Raw:
        """Take boxes and scores from outputs whose shapes were checked."""

    def check_tensors(self, outputs: Sequence[TensorInfo], labels: Sequence[str]) -> None:
        """Hold the shapes of the outputs against the rule."""
        self.check_shapes({info.name: info.onnx_shape for info in outputs}, len(labels))

    def decode(
        self, outputs: Outputs, labels: int, placements: Sequence[Placement | None]
    ) -> list[FoundBoxes]:
        """Turn the raw outputs of a batch into what was found in each image.

        Args:
            outputs: By name, in ONNX axis order.
            labels: How many there are.
            placements: Where each photo lies in its tensor; boxes come in its pixels, cut at its
                edges, and where there is none, as the model gives them.

        Raises:
            DataError: If the outputs are not what the rule reads.
        """
        try:
            self.check_shapes({name: array.shape for name, array in outputs.items()}, labels)
        except ValueError as error:
            raise DataError(f"{error}; make task.labels, task.decode and the model agree") from None
        boxes, scores = self.raw(outputs, labels)
        each = zip(boxes, scores, placements, strict=True)
        return [self._on_photo(self._select(*pair), where) for *pair, where in each]

    def answer(
        self, outputs: Outputs, labels: Sequence[str], placement: Placement
    ) -> tuple[Prediction, ...]:
        """Give the boxes of a photo by their corners, best first, in its pixels."""
        (found,) = self.decode(outputs, len(labels), [placement])
        return tuple(
            Prediction(
                label=labels[label],
                score=float(score),
                quad=tuple((float(x), float(y)) for x, y in quad),
            )
            for label, score, quad in zip(found.labels, found.scores, found.quads, strict=True)
        )

    def _select(self, boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> FoundBoxes:
        """Drop what scores too little or overlaps, of boxes [A, 4] with scores [A, K]."""
        if not self.multi_label and scores.size:
            best = np.arange(scores.shape[1]) == scores.argmax(1)[:, np.newaxis]
            scores = np.where(best, scores, 0)
        usable = (scores > np.float32(self.score_threshold)).T & np.isfinite(boxes).all(1)
        box, label = np.nonzero(usable.T)
        score = scores[box, label]
        order = np.argsort(-score, kind="stable")[: self.max_candidates]
        box, label, score = box[order], label[order], score[order]
        rivals = label if self.class_wise else np.zeros_like(label)
        keep = suppress(boxes[box], rivals, self.nms_iou, self.max_detections)
        return FoundBoxes(boxes[box[keep]], score[keep], label[keep])

    def _on_photo(self, found: FoundBoxes, placement: Placement | None) -> FoundBoxes:
        if placement is None:
            return found
        points = found.boxes.reshape(-1, 2, 2)
        if self.box_unit == "fraction":
            points = points * np.asarray(placement.tensor, np.float32)
        inside = np.clip(placement.to_photo(points), 0, np.asarray(placement.size, np.float32))
        return FoundBoxes(inside.reshape(-1, 4), found.scores, found.labels)


def corners_of(boxes: NDArray[np.floating]) -> NDArray[np.float32]:
    """Give the corners [k, 4, 2] of boxes [k, 4] xyxy, from the top left clockwise."""
    return np.asarray(boxes)[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)


def to_xyxy(boxes: NDArray[np.float32], given: BoxFormat) -> NDArray[np.float32]:
    """Turn boxes [..., 4] of another format into corners xyxy."""
    if given == "xyxy":
        return boxes
    if given == "yxyx":
        return boxes[..., [1, 0, 3, 2]]
    start, size = boxes[..., :2], boxes[..., 2:]
    if given == "cxcywh":
        start = np.asarray(start - size / 2, np.float32)
    return np.concatenate((start, start + size), -1)


def activate(scores: NDArray[np.float32], activation: Activation) -> NDArray[np.float32]:
    """Make scores 0…1 of logits [..., K], in single precision."""
    if activation == "none":
        return scores
    # exp(88.8) is infinite in single precision, and 1 / (1 + infinity) the right 0.
    with np.errstate(over="ignore"):
        if activation == "sigmoid":
            return np.asarray(1 / (1 + np.exp(-scores)), np.float32)
        powers = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), np.float32)


def only_output(names: Sequence[str], wanted: str | None) -> str:
    """Find the output that a rule of one output reads.

    Raises:
        ValueError: If there is none of that name, or several and none is named.
    """
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        raise ValueError(f"decode.output: missing, but the model has {sorted(names)}; name one")
    require(wanted, names, "output")
    return wanted


def named(shapes: Shapes, name: str) -> dict[str, str]:
    """Give the key that names an output, where there are several."""
    return {"output": name} if len(shapes) > 1 else {}


def require(name: str, names: Sequence[str], key: str) -> None:
    """Refuse a model without an output.

    Raises:
        ValueError: If it is not among the outputs.
    """
    if name not in names:
        raise ValueError(f'decode.{key}: no output is called "{name}", only {sorted(names)}')
