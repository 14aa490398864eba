"""Convolutions over three axes, as convolutions over two where one axis has no window.

XNNPACK has no CONV_3D: each one cuts the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.tensors import Value
from .kernels import biased, convolve, dilated, padded
from .padding import Window


@dataclass(frozen=True, slots=True)
class Weights:
    """Kernel [O, I / group, D, H, W], bias [O] or None, and the number of groups."""

    kernel: Any
    bias: Any
    group: int

    def add_bias(self, y: Tensor) -> Tensor:
        """Add the bias to a channels-last tensor."""
        return y if self.bias is None else biased(y, self.bias, self.group)


def convolve_volume(x: Value, row: Sequence[Window], weights: Weights) -> Value:
    """Convolve over the last three axes of x: [N, C, D, H, W]."""
    depth, height, width = (_does_nothing(window) for window in row)
    if None in x.shape[1:]:
        y = _whole(x, *_without_dilation(row, weights))
    elif depth:
        y = _frames(x, row[1:], weights)
    elif height and width:
        y = _columns(x, row[0], weights)
    elif width and x.shape[1] == 1:
        y = _planes(x, row[:2], weights)
    elif any(window.dilation > 1 for window in row):
        y = _taps(x, row, weights)
    else:
        y = _whole(x, row, weights)
    return Value.laid_out(y, (0, 2, 3, 4, 1))


def _does_nothing(window: Window) -> bool:
    return (window.kernel, window.stride, window.begin, window.end) == (1, 1, 0, 0)


def _frames(x: Value, row: Sequence[Window], weights: Weights) -> Tensor:
    """Convolve every frame by itself: frames join the batch."""
    tensor = x.arrange((0, 2), (3,), (4,), (1,))
    y = weights.add_bias(convolve(tensor, weights.kernel[:, :, 0], row, weights.group))
    return tf.reshape(y, [-1, x.shape[2], *y.shape[1:]])


def _columns(x: Value, depth: Window, weights: Weights) -> Tensor:
    """Convolve along the depth only: the pixels of a frame become one axis."""
    tensor = x.arrange((0,), (2,), (3, 4), (1,))
    row = [depth, Window(1, 1, 1, 0, 0)]
    y = weights.add_bias(convolve(tensor, weights.kernel[..., 0], row, weights.group))
    return tf.reshape(y, [-1, y.shape[1], *x.shape[3:], y.shape[-1]])


def _planes(x: Value, row: Sequence[Window], weights: Weights) -> Tensor:
    """Convolve a single channel over depth and height: columns become channels of their own."""
    width = x.shape[4] or 1
    kernel = np.tile(weights.kernel[..., 0], (width, 1, 1, 1))
    bias = None if weights.bias is None else np.tile(weights.bias, width)
    y = convolve(x.arrange((0,), (2,), (3,), (4,)), kernel, row, width)
    y = Weights(kernel, bias, 1).add_bias(y)
    return tf.reshape(y, [-1, *y.shape[1:3], width, y.shape[-1] // width])


def _taps(x: Value, row: Sequence[Window], weights: Weights) -> Tensor:
    """Add up what every tap along the depth gives: TensorFlow's own op has no dilation on a CPU.

    Each tap is a convolution over height and width of the frames that it meets.
    """
    depth = row[0]
    frames = x.arrange((0,), (2,), (3,), (4,), (1,))
    begin, end = depth.trimmed(x.shape[2])
    if begin or end:
        frames = tf.pad(frames, [(0, 0), (begin, end), (0, 0), (0, 0), (0, 0)])
    count = depth.count(x.shape[2] or 0)
    total: Tensor = None
    for tap in range(depth.kernel):
        start = tap * depth.dilation
        met = frames[:, start : start + (count - 1) * depth.stride + 1 : depth.stride]
        flat = tf.reshape(met, [-1, *met.shape[2:]])
        y = convolve(flat, weights.kernel[:, :, tap], row[1:], weights.group)
        total = weights.add_bias(y) if total is None else total + y
    return tf.reshape(total, [-1, count, *total.shape[1:]])


def _without_dilation(row: Sequence[Window], weights: Weights) -> tuple[list[Window], Weights]:
    """The same with zeros between the taps."""
    kernel = dilated(weights.kernel, [window.dilation for window in row])
    dense = [replace(window, kernel=window.extent, dilation=1) for window in row]
    return dense, replace(weights, kernel=kernel)


def _whole(x: Value, row: Sequence[Window], weights: Weights) -> Tensor:
    tensor = x.arrange((0,), (2,), (3,), (4,), (1,))
    return weights.add_bias(_conv3d(tensor, weights.kernel, row, weights.group))


def _conv3d(x: Tensor, kernel: Any, row: Sequence[Window], group: int) -> Tensor:
    x, padding = padded(x, row)
    strides = [1, *(window.stride for window in row), 1]
    dhwio = kernel.transpose(2, 3, 4, 1, 0)
    if group == 1:
        return tf.nn.conv3d(x, dhwio, strides, padding)
    parts = zip(tf.split(x, group, -1), np.split(dhwio, group, -1), strict=True)
    return tf.concat([tf.nn.conv3d(a, k, strides, padding) for a, k in parts], -1)
