"""The decode rule `quad_grid`: grids of scores and corners become detections."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ...errors import DataError
from .rule import DecodeRule, Prediction, Reading, Shapes, check_thresholds
from .suppression import suppress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ...tensors import TensorInfo
    from ..images import Placement
    from .rule import Outputs

CORNER_VALUES = 8
LEVEL = re.compile(r"(?:scores|corners)_s(\d+)")


class QuadGridRule(DecodeRule):
    """How grids of scores and corner offsets become quads.

    For each stride s the model gives `scores_s{s}` [N, K, H/s, W/s], logits, and `corners_s{s}`
    [N, 8, H/s, W/s]: x and y of the top-left, top-right, bottom-right and bottom-left corner,
    relative to the cell's centre, in units of s.

    Attributes:
        strides: Pixels per cell of each level.
        score_activation: Makes a score of a logit.
        score_threshold: Lower scores are dropped.
        display_threshold: Lower scores are not shown to a user; they are for measuring.
        nms_iou: A box that overlaps a better one by more than this is dropped.
        max_candidates: Cells looked at for overlaps, best first: a trained head fires on a dozen
            around each object.
        max_detections: Kept per image, best first.
    """

    corners: ClassVar[int] = 4
    kind: Literal["quad_grid"] = "quad_grid"
    strides: tuple[Annotated[int, Field(ge=1)], ...] = Field(strict=False, min_length=1)
    score_activation: Literal["sigmoid"] = "sigmoid"
    score_threshold: float = Field(default=0.05, gt=0, lt=1)
    display_threshold: float = Field(default=0.5, gt=0, lt=1)
    nms_iou: float = Field(default=0.6, gt=0, le=1)
    max_candidates: int = Field(default=1000, ge=1)
    max_detections: int = Field(default=100, ge=1)

    @model_validator(mode="after")
    def _check_levels(self) -> QuadGridRule:
        if len(set(self.strides)) < len(self.strides):
            raise ValueError(f"strides = {list(self.strides)} names a level twice")
        check_thresholds(self.score_threshold, self.display_threshold)
        return self

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Take the strides from the outputs' names."""
        if not shapes:
            note = "of the outputs scores_s8, corners_s8 and so on"
            return (Reading({"strides": [8, 16]}, ("strides",), note=note),)
        strides = sorted({int(level[1]) for name in shapes if (level := LEVEL.fullmatch(name))})
        every = {make(stride) for stride in strides for make in (score_name, corner_name)}
        if not strides or every - shapes.keys():
            return ()
        names = shapes[score_name(strides[0])][1:2]
        return (Reading({"strides": strides}, names=names[0] if names else None),)

    def check_tensors(self, outputs: Sequence[TensorInfo], labels: Sequence[str]) -> None:
        """Ask for the scores and the corners of every stride, for the same cells."""
        shapes = {info.name: info.onnx_shape for info in outputs}
        for stride in self.strides:
            _check_level(stride, shapes, len(labels))
        for name in shapes:
            level = LEVEL.fullmatch(name)
            if level and int(level[1]) not in self.strides:
                raise ValueError(f"decode.strides: lacks {level[1]}, so nothing reads {name}")

    def answer(
        self, outputs: Outputs, labels: Sequence[str], placement: Placement
    ) -> tuple[Prediction, ...]:
        """Give the quads of a photo, best first, in its pixels."""
        (found,) = decode(outputs, self)
        found = on_photo(found, placement)
        return tuple(
            Prediction(
                label=labels[found.labels[index]],
                score=float(found.scores[index]),
                quad=tuple((float(x), float(y)) for x, y in found.quads[index]),
            )
            for index in range(len(found.scores))
        )


def _check_level(stride: int, shapes: Mapping[str, tuple[int | None, ...]], labels: int) -> None:
    names = score_name(stride), corner_name(stride)
    for name in names:
        if name not in shapes:
            raise ValueError(f"decode.strides: has {stride}, but no output is called {name}")
    scores, corners = (shapes[name] for name in names)
    fits = len(scores) == 4 and scores[1] == labels
    if not fits or corners != (scores[0], CORNER_VALUES, *scores[2:]):
        raise ValueError(
            f"decode.strides: has {stride}, but {names[0]} {list(scores)} and {names[1]} "
            f"{list(corners)} do not hold {labels} scores and {CORNER_VALUES} corner offsets for "
            "the same cells"
        )


def on_photo(found: Detections, placement: Placement) -> Detections:
    """Move detections from pixels of the model's input to pixels of the photo."""
    boxes = placement.to_photo(found.boxes.reshape(-1, 2, 2)).reshape(-1, 4)
    return replace(found, boxes=boxes, quads=placement.to_photo(found.quads))


@dataclass(frozen=True, slots=True)
class Detections:
    """What was found in one image, best first, in pixels of the model's input.

    Attributes:
        boxes: [k, 4] float32, xyxy; the envelope of the quad.
        quads: [k, 4, 2] float32, xy of top-left, top-right, bottom-right, bottom-left.
        scores: [k] float32, 0…1.
        labels: [k] int64.
    """

    boxes: NDArray[np.float32]
    quads: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]


def decode(outputs: Mapping[str, NDArray[np.float32]], rule: QuadGridRule) -> list[Detections]:
    """Turn the raw outputs of a batch into one `Detections` per image.

    Args:
        outputs: For each stride s of the rule `scores_s{s}` [N, K, H, W] (logits) and
            `corners_s{s}` [N, 8, H, W], float32, channels first.
        rule: Strides, score threshold, overlap limit and count limit.

    Raises:
        DataError: If an output is missing or its shape does not fit its partner's.
    """
    levels = [(stride, *_level(outputs, stride)) for stride in rule.strides]
    count = levels[0][1].shape[0]
    return [_decode_image([(s, a[n], b[n]) for s, a, b in levels], rule) for n in range(count)]


def _level(
    outputs: Mapping[str, NDArray[np.float32]], stride: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fetch and check the two outputs of one stride."""
    names = (score_name(stride), corner_name(stride))
    for name in names:
        require_output(name, outputs, stride)
    scores, corners = (np.asarray(outputs[name]) for name in names)
    fits = scores.ndim == 4 and corners.shape == (scores.shape[0], 8, *scores.shape[2:])
    if not fits:
        raise DataError(
            f"{names[0]} {list(scores.shape)} and {names[1]} {list(corners.shape)} do not fit "
            "[N, K, H, W] and [N, 8, H, W]; give the outputs channels first"
        )
    return scores, corners


def score_name(stride: int) -> str:
    """Name the output with the scores of a stride."""
    return f"scores_s{stride}"


def corner_name(stride: int) -> str:
    """Name the output with the corners of a stride."""
    return f"corners_s{stride}"


def require_output(name: str, outputs: Collection[str], stride: int) -> None:
    """Refuse a model without an output that the decode rule reads.

    Raises:
        DataError: If it is not among the outputs.
    """
    if name not in outputs:
        raise DataError(
            f"the model has no output {name!r} for stride {stride} of the decode rule, only "
            f"{sorted(outputs)}; correct task.decode.strides or the model's output names"
        )


def _decode_image(
    levels: list[tuple[int, NDArray[np.float32], NDArray[np.float32]]], rule: QuadGridRule
) -> Detections:
    """Decode one image: `levels` holds stride, scores [K, H, W] and corners [8, H, W]."""
    # Comparing logits leaves the sigmoid to the few cells that pass.
    limit = math.log(rule.score_threshold / (1 - rule.score_threshold))
    logits, labels, quads = [], [], []
    for stride, scores, corners in levels:
        label, row, column = np.nonzero(scores > limit)
        centre = (np.stack((column, row), -1) + 0.5) * stride
        offsets = corners[:, row, column].T.reshape(-1, 4, 2)
        quads.append(centre[:, np.newaxis] + offsets * stride)
        logits.append(scores[label, row, column])
        labels.append(label)
    logit, found = np.concatenate(logits), np.concatenate(labels)
    order = np.argsort(-logit, kind="stable")[: rule.max_candidates]
    quad = np.concatenate(quads)[order].astype(np.float32)
    box = envelopes(quad)
    keep = suppress(box, found[order], rule.nms_iou, rule.max_detections)
    score = 1 / (1 + np.exp(-logit[order[keep]].astype(np.float32)))
    return Detections(box[keep], quad[keep], score.astype(np.float32), found[order[keep]])


def envelopes(quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the upright boxes [k, 4] (xyxy) around quads [k, 4, 2]."""
    return np.concatenate((quads.min(1), quads.max(1)), 1)
