"""Convolutions: ONNX Conv, ConvTranspose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from decant.runtime_facts import TRANSPOSED_WEIGHTS

from ..layout.forms import Tensor, sizes_of
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, Value, activation, constant, with_sizes
from ..lowering.registry import op
from .kernels import biased, convolve, convolve_computed, dilated
from .padding import Window, windows
from .volume import Weights, convolve_volume


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
    if isinstance(w, Constant):
        x = activation(with_sizes(x, [None, w.array.shape[1] * group, *x.shape[2:]]))
    spatial = x.shape[2:]
    if len(spatial) > 3:
        raise Refused("TFLite convolves over at most three axes", "split the convolution")
    taps = kernel_shape or [size or 0 for size in w.shape[2:]]
    row = windows(spatial, taps, strides, dilations, (auto_pad, pads))
    if isinstance(w, Value) and len(spatial) < 3:
        return _conv_computed(x, w, b, row, group)
    kernel = constant(w, "the kernel")
    bias = None if b is None else constant(b, "the bias")
    if len(spatial) == 3:
        return convolve_volume(x, row, Weights(kernel, bias, group))
    if len(spatial) == 1:
        kernel, row = kernel[:, :, None], [Window(1, 1, 1, 0, 0), *row]
        x_last = x.arrange((0,), (), (2,), (1,))
    else:
        x_last = x.arrange((0,), (2,), (3,), (1,))
    y = convolve(x_last, kernel, row, group)
    if bias is not None:
        y = biased(y, bias, group)
    if len(spatial) == 1:
        return Value.laid_out(tf.squeeze(y, 1), (0, 2, 1))
    return Value.laid_out(y, (0, 2, 3, 1))


def _conv_computed(
    x: Value, w: Value, b: AnyValue | None, row: Sequence[Window], group: int
) -> Value:
    """Convolve with a kernel that another layer makes, over one or two axes."""
    if None in w.shape:
        raise FreeSize("the computed kernel has a free size")
    rank = len(row)
    if rank == 1:
        w = w.reshape((*w.shape[:2], 1, w.shape[2]))
        row = [Window(1, 1, 1, 0, 0), *row]
    last = x.arrange((0,), *([(), (2,)] if rank == 1 else [(2,), (3,)]), (1,))
    y = convolve_computed(last, w, row, group)
    if b is not None:
        y = y + b.plain()
    y = tf.squeeze(y, 1) if rank == 1 else y
    return Value.laid_out(y, (0, *range(2, 2 + rank), 1))


@op("ConvTranspose")
def conv_transpose(
    x: AnyValue,
    w: AnyValue,
    b: AnyValue | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    output_padding: Sequence[int] | None,
    output_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Value:
    """Emit a transposed convolution; x: [N, C, ...], w: [C, O / group, ...]."""
    kernel = _computed(w, dilations, group) if isinstance(w, Value) else None
    if kernel is None:
        kernel = dilated(constant(w, "the kernel"), dilations)
    x = activation(with_sizes(x, [None, kernel.shape[0], *x.shape[2:]]))
    rank = len(kernel.shape) - 2
    spreads = [
        _Spread(k, s, p, q, o)
        for k, s, (p, q), o in zip(
            kernel.shape[2:],
            strides or [1] * rank,
            _transposed_pads(x, kernel, (auto_pad, pads), (strides, output_padding, output_shape)),
            output_padding or [0] * rank,
            strict=True,
        )
    ]
    tensor = x.arrange((0,), *((2 + i,) for i in range(rank)), (1,))
    if rank == 1:
        tensor, kernel = tf.expand_dims(tensor, 1), kernel[:, :, None]
        spreads = [_Spread(1, 1, 0, 0, 0), *spreads]
    y = _spread_groups(tensor, kernel, spreads, group)
    if b is not None:
        y = y + b.plain() if isinstance(b, Value) else tf.nn.bias_add(y, constant(b))
    y = tf.squeeze(y, 1) if rank == 1 else y
    return Value.laid_out(y, (0, *range(2, 2 + rank), 1))


def _computed(w: Value, dilations: Sequence[int] | None, group: int) -> Tensor:
    """A kernel that another layer makes, [C, O / group, ...]."""
    if None in w.shape:
        raise FreeSize("the computed kernel has a free size")
    if max(dilations or [1]) > 1:
        raise Refused(
            "a computed kernel cannot be dilated",
            "make it a constant before the export",
            ("dilations", list(dilations or [])),
        )
    return w.plain()


@dataclass(frozen=True, slots=True)
class _Spread:
    """A transposed window along one axis: taps, stride, what is cut off at both ends, and added."""

    kernel: int
    stride: int
    begin: int
    end: int
    extra: int

    def full(self, size: Any) -> Any:
        """Elements before cutting, with as much behind as the result needs."""
        return (size - 1) * self.stride + self.kernel + max(self.extra - self.end, 0)

    def wanted(self, size: Any) -> Any:
        """Elements of the result; `size` is a number or a scalar int32 tensor."""
        return (size - 1) * self.stride + self.kernel + self.extra - self.begin - self.end

    @property
    def is_same(self) -> bool:
        """Whether SAME cuts off as much, which no size changes."""
        multiplies = self.kernel + self.extra - self.begin - self.end == self.stride
        return multiplies and self.begin == max(self.kernel - self.stride, 0) // 2

    @property
    def is_full(self) -> bool:
        """Whether nothing is cut off."""
        return self.begin == 0 and self.extra >= self.end


Shaping = tuple[Sequence[int] | None, Sequence[int] | None, Sequence[int] | None]


def _transposed_pads(
    x: Value, kernel: Any, pads: tuple[str, Sequence[int] | None], shaping: Shaping
) -> list[tuple[int, int]]:
    """What is cut off at both ends of every axis."""
    auto_pad, explicit = pads
    strides, added, wanted = shaping
    rank = len(kernel.shape) - 2
    if wanted is None and auto_pad in ("NOTSET", "VALID"):
        both = list(explicit or [0] * 2 * rank)
        return list(zip(both[:rank], both[rank:], strict=True))
    result = []
    for axis in range(rank):
        size, stride = x.shape[2 + axis], (strides or [1] * rank)[axis]
        if size is None:
            raise FreeSize("the padding depends on a free size")
        target = wanted[-rank:][axis] if wanted is not None else size * stride
        full = (size - 1) * stride + kernel.shape[2 + axis] + (added or [0] * rank)[axis]
        total = full - target if wanted is not None else max(full - target, 0)  # as ORT does
        small = total // 2
        first = small if auto_pad == "SAME_UPPER" else total - small
        result.append((first, total - first))
    return result


def _spread_groups(x: Tensor, kernel: Any, spreads: Sequence[_Spread], group: int) -> Tensor:
    if group == 1:
        return _spread(x, kernel, spreads)
    if not isinstance(kernel, np.ndarray):
        pairs = zip(tf.split(x, group, -1), tf.split(kernel, group, 0), strict=True)
        return tf.concat([_spread(part, own, spreads) for part, own in pairs], -1)
    if math.prod(kernel.shape[:2]) <= TRANSPOSED_WEIGHTS:
        return _spread(x, _block_diagonal(kernel, group), spreads)
    parts = zip(tf.split(x, group, -1), np.split(kernel, group, 0), strict=True)
    return tf.concat([_spread(part, own, spreads) for part, own in parts], -1)


def _block_diagonal(kernel: Any, group: int) -> Any:
    """The dense kernel of a grouped one: zeros between groups; kernel: [C, O / group, ...]."""
    channels, outputs = kernel.shape[:2]
    dense = np.zeros((channels, outputs * group, *kernel.shape[2:]), kernel.dtype)
    each = channels // group
    for g in range(group):
        rows, columns = slice(g * each, (g + 1) * each), slice(g * outputs, (g + 1) * outputs)
        dense[rows, columns] = kernel[rows]
    return dense


def _spread(x: Tensor, kernel: Any, spreads: Sequence[_Spread]) -> Tensor:
    """Convolve transposed, with SAME where that cuts off the same; x: [N, ..., C]."""
    batch, *sizes, _ = sizes_of(x)
    same = all(spread.is_same for spread in spreads)
    each = [s.wanted(n) if same else s.full(n) for s, n in zip(spreads, sizes, strict=True)]
    order = [*range(2, len(kernel.shape)), 1, 0]
    taps = (
        kernel.transpose(order) if isinstance(kernel, np.ndarray) else tf.transpose(kernel, order)
    )
    function = tf.nn.conv2d_transpose if len(spreads) == 2 else tf.nn.conv3d_transpose
    strides = [1, *(s.stride for s in spreads), 1]
    shape = [batch, *each, kernel.shape[1]]
    y = function(x, taps, shape, strides, "SAME" if same else "VALID")
    if same or all(spread.is_full for spread in spreads):
        return y
    wanted = [s.wanted(n) for s, n in zip(spreads, sizes, strict=True)]
    return tf.slice(y, [0, *(s.begin for s in spreads), 0], [-1, *wanted, -1])
