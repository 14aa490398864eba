"""Carry out the decode rule of the sidecar: grids of scores and corners become detections.

It lies outside the graph so that an int8 model keeps one scale per output, and so that Python and
the phone's Kotlin core can be held to the same few lines.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .rules import QuadGridRule


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


def suppress(
    boxes: NDArray[np.float32], labels: NDArray[np.int64], iou: float, limit: int
) -> NDArray[np.int64]:
    """Suppress boxes that overlap a better one of the same label by more than `iou`.

    Args:
        boxes: [k, 4] xyxy, best first.
        labels: [k].
        iou: Intersection over union, 0…1.
        limit: Most boxes to keep.

    Returns:
        Indices of the boxes kept, best first.
    """
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    left = np.arange(len(boxes))
    kept: list[int] = []
    while left.size and len(kept) < limit:
        best, left = left[0], left[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[left, :2])
        high = np.minimum(boxes[best, 2:], boxes[left, 2:])
        shared = np.maximum(high - low, 0).prod(1)
        overlaps = shared > iou * (areas[best] + areas[left] - shared)
        left = left[~(overlaps & (labels[left] == labels[best]))]
    return np.asarray(kept, np.int64)
