"""Means over regions that are sampled the more densely the larger they are."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor, sizes_of
from ..layout.tensors import Value
from .pooling import channels_last, from_channels_last
from .taps import Extent, as_float, clamped


def mean_of_regions(
    x: Value, corners: Tensor, maps: Tensor, size: tuple[int, int], *, half_pixel: bool
) -> Value:
    """Emit RoiAlign with a sample for every pixel of a region: two products with weights.

    The weights of an axis do not depend on the other's, as bilinear ones are products of both.

    Args:
        x: [N, C, H, W].
        corners: [R, 4], two corners (x, y) of each region in pixels of the map.
        maps: [R] int32, the map that each region lies in.
        size: Rows and columns of the result.
        half_pixel: Whether regions may be smaller than a pixel.
    """
    last = channels_last(x)
    count, height, width, channels = sizes_of(last)
    rows = _shares(corners[:, 1::2], height, size[0], half_pixel=half_pixel)
    columns = _shares(corners[:, 0::2], width, size[1], half_pixel=half_pixel)
    if isinstance(count, int) and count == 1:  # no region needs a copy of the map
        flat = tf.reshape(last, tf.stack([height, width * channels]))
        picked = tf.matmul(tf.reshape(rows, tf.stack([-1, height])), flat)
    else:
        flat = tf.reshape(last, tf.stack([-1, height, width * channels]))
        picked = tf.matmul(rows, tf.gather(flat, maps))
    picked = tf.reshape(picked, tf.stack([-1, size[0], width, channels]))
    return from_channels_last(tf.matmul(tf.expand_dims(columns, 1), picked))


def _shares(ends: Tensor, length: Extent, count: int, *, half_pixel: bool) -> Tensor:
    """How much of every pixel of an axis is in each part of each region, [R, count, length].

    A sample up to one pixel outside the map is moved to its edge, one farther out counts as zero.
    """
    first, last = ends[:, :1], ends[:, 1:]
    extent = last - first if half_pixel else tf.maximum(last - first, 1.0)
    part = extent / count
    samples = _rounded_up(part, extent, float(count))
    most = tf.maximum(tf.cast(tf.reduce_max(samples), tf.int32), 1)
    sample = tf.reshape(tf.cast(tf.range(most), tf.float32), [1, 1, -1])
    divisor = tf.maximum(samples, 1.0)
    begin = tf.expand_dims(first + part * np.arange(count, dtype=np.float32), 2)
    where = begin + (sample + 0.5) * tf.expand_dims(part / divisor, 2)
    inside = tf.logical_and(where >= -1.0, where <= as_float(length))
    counted = tf.logical_and(inside, sample < tf.expand_dims(samples, 2))
    place = tf.cast(tf.range(length), tf.float32)
    near = tf.nn.relu(1.0 - tf.abs(tf.expand_dims(clamped(where, length), 3) - place))
    shown = near * tf.expand_dims(tf.cast(counted, tf.float32), 3)
    return tf.reduce_sum(shown, 2) / tf.expand_dims(divisor, 2)


def _rounded_up(part: Tensor, whole: Tensor, count: float) -> Tensor:
    """The least whole number that is no less than whole / count.

    TFLite multiplies by 1 / count instead, which of 21 / 7 makes more than 3.
    """
    up = tf.math.ceil(part)
    less = tf.cast((up - 1.0) * count >= whole, tf.float32)
    more = tf.cast(up * count < whole, tf.float32)
    return up - less + more
