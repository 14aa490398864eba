"""Convolutions over two axes of a channels-last tensor, in TensorFlow's forms."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from decant.runtime_facts import DEPTHWISE_CHANNELS, DEPTHWISE_TAPS

from ..int8.markers import is_marked
from ..layout.forms import Tensor
from ..layout.tensors import AnyValue
from ..layout.view import Size
from ..layout.weights import weight
from .padding import Window, all_same


def biased(y: Tensor, bias: Any, group: int) -> Tensor:
    """Add a bias per channel.

    TensorFlow 2.21 without oneDNN fuses BiasAdd into a grouped convolution and then cannot run it;
    a sum with [1, ..., C] it leaves alone, and TFLite fuses both.
    """
    if group == 1:
        return tf.nn.bias_add(y, bias)
    return y + bias.reshape((*(1,) * (len(y.shape) - 1), -1))


def convolve(x: Tensor, kernel: Any, row: Sequence[Window], group: int) -> Tensor:
    """Convolve over two axes; x: [N, H, W, C], kernel: [O, I, H, W] as in ONNX."""
    channels = x.shape[-1]
    if group == channels and group > 1:
        return _depthwise(x, kernel, row)
    x, padding = padded(x, row)
    strides = [1, *(window.stride for window in row), 1]
    dilations = [1, *(window.dilation for window in row), 1]
    kernel_hwio = kernel.transpose(2, 3, 1, 0)
    return tf.nn.conv2d(x, weight(kernel_hwio), strides, padding, dilations=dilations)


def convolve_computed(x: Tensor, kernel: AnyValue, row: Sequence[Window], group: int) -> Tensor:
    """Convolve over two axes with a kernel [O, I, H, W] that is known only at run time."""
    x, padding = padded(x, row)
    strides, dilations = [w.stride for w in row], [w.dilation for w in row]
    if group == x.shape[-1] > 1 and len(set(strides)) == 1 and max(dilations) == 1:
        outputs, _, *taps = kernel.shape
        split = kernel.reshape((group, (outputs or 0) // group, *taps))
        return tf.nn.depthwise_conv2d(
            x, split.arrange((2,), (3,), (0,), (1,)), [1, *strides, 1], padding
        )
    hwio = kernel.arrange((2,), (3,), (1,), (0,))
    parts = zip(tf.split(x, group, -1), tf.split(hwio, group, -1), strict=True)
    each = [tf.nn.conv2d(a, k, strides, padding, dilations=dilations) for a, k in parts]
    return tf.concat(each, -1) if group > 1 else each[0]


def dilated(kernel: Any, dilations: Sequence[int] | None) -> Any:
    """Put zeros between the taps, for ops that have no dilation; kernel: [O, I, ...]."""
    if not dilations or max(dilations) == 1:
        return kernel
    taps = kernel.shape[2:]
    shape = [(k - 1) * d + 1 for k, d in zip(taps, dilations, strict=True)]
    wide = np.zeros((*kernel.shape[:2], *shape), kernel.dtype)
    wide[(slice(None), slice(None), *(slice(None, None, d) for d in dilations))] = kernel
    return wide


def padded(x: Tensor, row: Sequence[Window]) -> tuple[Tensor, str]:
    """Pad the spatial axes of a channels-last tensor with zeros unless SAME does it."""
    sizes: list[Size] = x.shape.as_list()[1:-1]
    if all_same(row, sizes) and any(window.extent > 1 for window in row):
        return x, "SAME"
    return _with_zeros(x, row), "VALID"


def _with_zeros(x: Tensor, row: Sequence[Window]) -> Tensor:
    sizes: list[Size] = x.shape.as_list()[1:-1]
    pads = [window.trimmed(size) for window, size in zip(row, sizes, strict=True)]
    return tf.pad(x, [(0, 0), *pads, (0, 0)]) if any(map(any, pads)) else x


def _depthwise(x: Tensor, kernel: Any, row: Sequence[Window]) -> Tensor:
    """Convolve every channel by itself; kernel: [C * multiplier, 1, H, W]."""
    strides = [window.stride for window in row]
    dilations = [window.dilation for window in row]
    # TensorFlow's depthwise op has one stride for both axes, and none beside a dilation.
    if len(set(strides)) > 1 or (max(strides) > 1 and max(dilations) > 1):
        x, padding = padded(x, row)
        hwio = kernel.transpose(2, 3, 1, 0)
        return tf.nn.conv2d(x, hwio, [1, *strides, 1], padding, dilations=[1, *dilations, 1])
    many = math.prod(kernel.shape[2:]) > DEPTHWISE_TAPS and x.shape[-1] >= DEPTHWISE_CHANNELS
    if many and not is_marked(x):
        return _depthwise_in_parts(_with_zeros(x, row), kernel, strides, dilations)
    x, padding = padded(x, row)
    return _depthwise_once(x, kernel, strides, dilations, padding)


def _depthwise_in_parts(
    x: Tensor, kernel: Any, strides: Sequence[int], dilations: Sequence[int]
) -> Tensor:
    """Add up convolutions by parts of the kernel, each of so few taps that XNNPACK is fast."""
    height, width = kernel.shape[2:]
    columns = min(width, DEPTHWISE_TAPS)
    rows = max(1, DEPTHWISE_TAPS // columns)
    spans = itertools.product(_parts(height, rows), _parts(width, columns))
    sums = [
        _depthwise_once(
            _seen_by(x, part, (height, width), dilations),
            kernel[:, :, part[0], part[1]],
            strides,
            dilations,
            "VALID",
        )
        for part in spans
    ]
    return functools.reduce(tf.add, sums)


def _parts(taps: int, most: int) -> list[slice]:
    """Cut an axis of a kernel into parts of about the same size."""
    ends = np.linspace(0, taps, math.ceil(taps / most) + 1).round().astype(int).tolist()
    return [slice(*pair) for pair in itertools.pairwise(ends)]


def _seen_by(
    x: Tensor, part: Sequence[slice], taps: Sequence[int], dilations: Sequence[int]
) -> Tensor:
    """What a part of a kernel sees of a padded tensor."""
    cuts = [
        slice(own.start * step or None, -(count - own.stop) * step or None)
        for own, count, step in zip(part, taps, dilations, strict=True)
    ]
    return x[:, cuts[0], cuts[1]]


def _depthwise_once(
    x: Tensor, kernel: Any, strides: Sequence[int], dilations: Sequence[int], padding: str
) -> Tensor:
    hwcm = kernel.reshape(x.shape[-1], -1, *kernel.shape[2:]).transpose(2, 3, 0, 1)
    if max(dilations) == 1:
        return tf.nn.depthwise_conv2d(x, hwcm, [1, *strides, 1], padding)
    return tf.nn.depthwise_conv2d(x, hwcm, [1, *strides, 1], padding, dilations=dilations)
