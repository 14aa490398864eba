"""What detectors end with: boxes that suppress each other, and regions cut out of a map."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Value, constant
from ..lowering.registry import op


@op("NonMaxSuppression")
def non_max_suppression(
    boxes: AnyValue,
    scores: AnyValue,
    max_output_boxes_per_class: AnyValue | None = None,
    iou_threshold: AnyValue | None = None,
    score_threshold: AnyValue | None = None,
    *,
    center_point_box: int,
) -> Value:
    """Emit the (image, class, box) of those kept, int64 [n, 3]; scores: [images, classes, boxes].

    TFLite's op knows one class of one image: one op for each of them.
    """
    images, classes, count = scores.shape
    if images is None or classes is None or count is None:
        raise Refused("images, classes or boxes are a free size", "export with fixed sizes")
    given = max_output_boxes_per_class
    most = 0 if given is None else constant(given, "the number of boxes kept").item()
    most = max(0, min(most, count))
    if not most:
        return Value.laid_out(tf.zeros([0, 3], tf.int64))
    least = tf.float32.min if score_threshold is None else tf.reshape(score_threshold.plain(), [])
    limits = (most, _least_overlap(iou_threshold), least)
    corners = boxes.plain()
    if center_point_box:
        centre, half = corners[..., :2], corners[..., 2:] * 0.5
        corners = tf.concat([centre - half, centre + half], -1)
    every = scores.plain()
    kept = [
        _kept(corners[image], every[image, number], limits)
        for image in range(images)
        for number in range(classes)
    ]
    owners = np.repeat(list(np.ndindex(images, classes)), most, axis=0)
    rows = tf.concat([tf.constant(owners, tf.int32), tf.concat([k for k, _ in kept], 0)], 1)
    chosen = tf.where(tf.concat([valid for _, valid in kept], 0))
    picked = tf.gather_nd(rows, tf.cast(chosen, tf.int32))
    return Value.laid_out(tf.cast(picked, tf.int64))


def _least_overlap(threshold: AnyValue | None) -> float:
    """What suppresses: more than the threshold in ONNX, at least this in TFLite."""
    fixed = np.zeros(1) if threshold is None else constant(threshold, "the overlap")
    above = np.nextafter(np.float32(fixed.item()), np.float32(2))
    return max(float(above), float(np.finfo(np.float32).tiny))


def _kept(
    boxes: Tensor, scores: Tensor, limits: tuple[int, float, Tensor]
) -> tuple[Tensor, Tensor]:
    """The boxes of one class by falling score, [most, 1], and which of these rows are any."""
    most, overlap, least = limits
    chosen, count = tf.raw_ops.NonMaxSuppressionV4(
        boxes=boxes,
        scores=scores,
        max_output_size=most,
        iou_threshold=overlap,
        score_threshold=least,
        pad_to_max_output_size=True,
    )
    return tf.expand_dims(chosen, 1), tf.range(most) < count
