"""Convolutions: ONNX Conv, ConvTranspose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..padding import Window, all_same, windows
from ..registry import Refused, op
from ..tensors import AnyValue, Tensor, Value, activation, constant
from ..view import Size


@op("Conv")
def conv(
    x: AnyValue,
    w: AnyValue,
    b: AnyValue | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Value:
    """Emit a convolution over 1 to 3 spatial axes; x: [N, C, ...], w: [O, C / group, ...]."""
    x = activation(x)
    kernel = constant(w, "the kernel")
    spatial = x.shape[2:]
    if len(spatial) > 3:
        raise Refused("TFLite convolves over at most three axes", "split the convolution")
    row = windows(spatial, kernel_shape or kernel.shape[2:], strides, dilations, (auto_pad, pads))
    if len(spatial) == 1:
        kernel, row = kernel[:, :, None], [Window(1, 1, 1, 0, 0), *row]
        x_last = x.arrange((0,), (), (2,), (1,))
    else:
        x_last = x.arrange((0,), *((2 + i,) for i in range(len(spatial))), (1,))
    y = _conv_last(x_last, kernel, row, group)
    if b is not None:
        y = tf.nn.bias_add(y, constant(b, "the bias"))
    if len(spatial) == 1:
        return Value.laid_out(tf.squeeze(y, 1), (0, 2, 1))
    return Value.laid_out(y, (0, *range(2, 2 + len(spatial)), 1))


def _conv_last(x: Tensor, kernel: Any, row: Sequence[Window], group: int) -> Tensor:
    """Convolve a channels-last tensor; kernel: [O, I, ...] as in ONNX."""
    x, padding = padded(x, row)
    strides = [1, *(window.stride for window in row), 1]
    dilations = [1, *(window.dilation for window in row), 1]
    channels = x.shape[-1]
    if len(row) == 3:
        return _conv3d(x, kernel, strides, dilations, (padding, group))
    if group == channels and group > 1:
        return _depthwise(x, kernel, row, padding)
    kernel_hwio = kernel.transpose(2, 3, 1, 0)
    return tf.nn.conv2d(x, kernel_hwio, strides, padding, dilations=dilations)


def padded(x: Tensor, row: Sequence[Window]) -> tuple[Tensor, str]:
    """Pad the spatial axes of a channels-last tensor with zeros unless SAME does it."""
    sizes: list[Size] = x.shape.as_list()[1:-1]
    if all_same(row, sizes) and any(window.extent > 1 for window in row):
        return x, "SAME"
    pads = [window.trimmed(size) for window, size in zip(row, sizes, strict=True)]
    if any(map(any, pads)):
        x = tf.pad(x, [(0, 0), *pads, (0, 0)])
    return x, "VALID"


def _depthwise(x: Tensor, kernel: Any, row: Sequence[Window], padding: str) -> Tensor:
    """Convolve every channel by itself; kernel: [C * multiplier, 1, H, W]."""
    channels = x.shape[-1]
    hwcm = kernel.reshape(channels, -1, *kernel.shape[2:]).transpose(2, 3, 0, 1)
    strides = [window.stride for window in row]
    dilations = [window.dilation for window in row]
    step = max(strides)
    if len(set(strides)) == 1:
        return tf.nn.depthwise_conv2d(
            x, hwcm, [1, *strides, 1], padding, dilations=None if max(dilations) == 1 else dilations
        )
    y = tf.nn.depthwise_conv2d(x, hwcm, [1, 1, 1, 1], padding, dilations=dilations)
    raise Refused(
        "TensorFlow's depthwise convolution has one stride for both axes",
        "use equal strides",
        ("strides", [step, y]),
    )


def _conv3d(
    x: Tensor, kernel: Any, strides: list[int], dilations: list[int], rest: tuple[str, int]
) -> Tensor:
    padding, group = rest
    dhwio = kernel.transpose(2, 3, 4, 1, 0)
    if group == 1:
        return tf.nn.conv3d(x, dhwio, strides, padding, dilations=dilations)
    parts = zip(tf.split(x, group, -1), np.split(dhwio, group, -1), strict=True)
    return tf.concat(
        [tf.nn.conv3d(a, k, strides, padding, dilations=dilations) for a, k in parts], -1
    )
