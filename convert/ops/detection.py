"""What detectors end with: boxes that suppress each other, and regions cut out of a map."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor, sizes_of
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, Value, activation
from ..layout.view import Size
from ..lowering.registry import op
from .pooling import channels_last, from_channels_last
from .regions import mean_of_regions
from .taps import Axis, Extent, Tap, as_float, clamped, neighbours, read

TINY_BITS = int(np.finfo(np.float32).tiny.view(np.int32))
"""The least normal number: one bit above zero is none, which LiteRT's arithmetic takes for zero."""


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
    if images is None or classes is None:
        raise FreeSize("the number of images or classes is a free size")
    most = _most_kept(max_output_boxes_per_class, count, scores)
    if isinstance(most, int) and not most:
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
    owners = np.asarray(list(np.ndindex(images, classes)), np.int32)[:, None]
    column = tf.concat([k for k, _ in kept], 0)
    rows = tf.concat([tf.reshape(tf.tile(owners, [1, most, 1]), [-1, 2]), column], 1)
    chosen = tf.where(tf.concat([valid for _, valid in kept], 0))
    picked = tf.gather_nd(rows, tf.cast(chosen, tf.int32))
    return Value.laid_out(tf.cast(picked, tf.int64))


def _most_kept(given: AnyValue | None, count: Size, scores: AnyValue) -> int | Tensor:
    """How many boxes of a class are kept at most: a number, or a scalar int32 tensor."""
    if isinstance(given, Constant) and count is not None:
        return int(max(0, min(given.array.item(), count)))
    if given is None:
        return 0
    limit = tf.clip_by_value(tf.reshape(given.plain(), []), 0, 2**31 - 1)
    return tf.minimum(tf.cast(limit, tf.int32), sizes_of(scores.plain())[-1])


def _least_overlap(threshold: AnyValue | None) -> float | Tensor:
    """What suppresses: more than the threshold in ONNX, at least this in TFLite."""
    if isinstance(threshold, Value):
        bits = tf.bitcast(tf.maximum(tf.reshape(threshold.plain(), []), 0.0), tf.int32)
        return tf.bitcast(tf.maximum(bits + 1, TINY_BITS), tf.float32)
    fixed = np.zeros(1) if threshold is None else threshold.array
    above = np.nextafter(np.float32(fixed.item()), np.float32(2))
    return max(float(above), float(np.finfo(np.float32).tiny))


def _kept(
    boxes: Tensor, scores: Tensor, limits: tuple[int | Tensor, float | Tensor, Tensor]
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


@op("RoiAlign", until=15)
def roi_align_10(
    x: AnyValue,
    rois: AnyValue,
    batch_indices: AnyValue,
    *,
    mode: str,
    output_height: int,
    output_width: int,
    sampling_ratio: int,
    spatial_scale: float,
) -> Value:
    """Emit RoiAlign as it was: regions begin at pixels' corners."""
    size = (output_height, output_width)
    how = _Cutting(size, sampling_ratio, spatial_scale, mode, half_pixel=False)
    return _cut(activation(x), rois, batch_indices, how)


@op("RoiAlign", since=16)
def roi_align(
    x: AnyValue,
    rois: AnyValue,
    batch_indices: AnyValue,
    *,
    coordinate_transformation_mode: str,
    mode: str,
    output_height: int,
    output_width: int,
    sampling_ratio: int,
    spatial_scale: float,
) -> Value:
    """Cut regions out of maps and bring them to one size (He 2017, arXiv:1703.06870).

    x is [N, C, H, W], rois [R, 4] with two corners (x, y) each, and batch_indices [R] says which
    map each region lies in.
    """
    half_pixel = coordinate_transformation_mode == "half_pixel"
    size = (output_height, output_width)
    how = _Cutting(size, sampling_ratio, spatial_scale, mode, half_pixel)
    return _cut(activation(x), rois, batch_indices, how)


@dataclass(frozen=True, slots=True)
class _Cutting:
    """How regions are cut out: ONNX's attributes."""

    size: tuple[int, int]
    sampling_ratio: int
    spatial_scale: float
    mode: str
    half_pixel: bool


def _cut(x: Value, rois: AnyValue, batch_indices: AnyValue, how: _Cutting) -> Value:
    """Read a grid of places in each region, and pool it; [R, C, h, w]."""
    if x.shape[1] is None:
        raise FreeSize("the number of channels is not known")
    ratio = how.sampling_ratio
    corners = rois.plain() * how.spatial_scale - (0.5 if how.half_pixel else 0.0)
    if not ratio:
        return _cut_densely(x, corners, batch_indices, how)
    last = channels_last(x)
    axes = [
        Axis(size, _samples(corners[:, 1 - axis :: 2], size, count * ratio, how))
        for axis, (size, count) in enumerate(zip(sizes_of(last)[1:3], how.size, strict=True))
    ]
    rows, columns = axes
    spread = [
        Axis(rows.size, [_spread(tap, (-1, how.size[0] * ratio, 1)) for tap in rows.taps]),
        Axis(columns.size, [_spread(tap, (-1, 1, how.size[1] * ratio)) for tap in columns.taps]),
    ]
    table = tf.reshape(last, [-1, last.shape[-1]])
    start = tf.reshape(batch_indices.plain(), [-1, 1, 1])
    combine, pool = {
        "avg": (tf.add, tf.nn.avg_pool2d),
        "max": (tf.maximum, tf.nn.max_pool2d),
    }[how.mode]
    every = functools.reduce(combine, read(table, start, spread))
    return from_channels_last(pool(every, ratio, ratio, "VALID"))


def _cut_densely(x: Value, corners: Tensor, maps: AnyValue, how: _Cutting) -> Value:
    """Cut regions with as many samples as they are large."""
    if how.mode != "avg":
        raise Refused(
            "the number of samples would differ from region to region",
            "set sampling_ratio, 2 for example, before the export, or mode avg",
            ("sampling_ratio", how.sampling_ratio),
        )
    places = tf.cast(maps.plain(), tf.int32)
    return mean_of_regions(x, corners, places, how.size, half_pixel=how.half_pixel)


def _samples(ends: Tensor, size: Extent, count: int, how: _Cutting) -> list[Tap]:
    """The neighbours of evenly spaced places between the ends of each region, [R, count].

    A place up to one pixel outside the map is moved to its edge, one farther out counts as zero.
    """
    first, last = ends[:, :1], ends[:, 1:]
    extent = last - first if how.half_pixel else tf.maximum(last - first, 1.0)
    parts = (np.arange(count, dtype=np.float32) + 0.5) / np.float32(count)
    where = first + extent * parts
    shown = tf.cast(tf.logical_and(where >= -1.0, where <= as_float(size)), tf.float32)
    return [
        Tap(clamped(place, size), weight * shown)
        for place, weight in neighbours(clamped(where, size), "linear")
    ]


def _spread(tap: Tap, shape: tuple[int, int, int]) -> Tap:
    return Tap(tf.reshape(tap.index, shape), tf.reshape(tap.weight, shape))
