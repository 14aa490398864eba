"""Pooling: windows slide over the spatial axes, one or two at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..padding import Window, windows
from ..registry import op
from ..tensors import AnyValue, Tensor, Value, activation


@op("MaxPool", ignore=["storage_order"])
def max_pool(
    x: AnyValue,
    *,
    auto_pad: str,
    ceil_mode: int,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Value:
    """Maximum over windows; x: [N, C, ...]."""
    x = activation(x)
    row = windows(x.shape[2:], kernel_shape, strides, dilations, (auto_pad, pads))
    tensor = channels_last(x)
    tensor = tf.nn.max_pool2d(tensor, [w.kernel for w in row], [w.stride for w in row], "SAME")
    return from_channels_last(tensor)


def channels_last(x: Value) -> Tensor:
    """The tensor [N, ..., C] of a value [N, C, ...]."""
    return x.arrange((0,), *((i,) for i in range(2, x.rank)), (1,))


def from_channels_last(tensor: Tensor) -> Value:
    """The value [N, C, ...] of a tensor [N, ..., C]."""
    rank = len(tensor.shape)
    return Value.laid_out(tensor, (0, *range(2, rank), 1))
