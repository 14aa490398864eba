"""Fourier transforms of a fixed length, as products with constant sines and cosines."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layout.product import product
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, activation, constant, numbers
from ..lowering.registry import op
from .convolution import conv


@op("DFT", since=17, until=17)
def dft_17(
    x: AnyValue, dft_length: AnyValue | None = None, *, axis: int, inverse: int, onesided: int
) -> AnyValue:
    """Emit DFT as it was when its axis was an attribute."""
    return _transformed(x, _length(dft_length), axis, (bool(inverse), bool(onesided)))


@op("DFT", since=20)
def dft(
    x: AnyValue,
    dft_length: AnyValue | None = None,
    axis: AnyValue | None = None,
    *,
    inverse: int,
    onesided: int,
) -> AnyValue:
    """Transform an axis; the last axis of x holds real numbers or real and imaginary parts."""
    where = -2 if axis is None else int(numbers(axis)[0])
    return _transformed(x, _length(dft_length), where, (bool(inverse), bool(onesided)))


def _length(dft_length: AnyValue | None) -> int | None:
    return None if dft_length is None else int(constant(dft_length, "the length").item())


def _transformed(x: AnyValue, length: int | None, axis: int, how: tuple[bool, bool]) -> AnyValue:
    axis %= x.rank
    size, parts = x.shape[axis], x.shape[-1]
    if size is None or parts is None:
        raise FreeSize("the transformed axis has a free size")
    inverse, onesided = how
    if length is None:
        length = 2 * (size - 1) if inverse and onesided else size
    matrix = _inverse_real(size, length) if inverse and onesided else _matrix(length, inverse)
    if onesided and not inverse:
        matrix = matrix[:, :, : length // 2 + 1]
    rows = np.zeros((size, parts, *matrix.shape[2:]), np.float64)
    rows[: len(matrix)] = matrix[:size, :parts]
    others = [i for i in range(x.rank - 1) if i != axis]
    moved = x.transpose([*others, axis, x.rank - 1])
    flat = moved.reshape((*moved.shape[:-2], size * parts))
    y = product(flat, Constant(rows.reshape(size * parts, -1).astype(x.dtype)))
    y = y.reshape((*moved.shape[:-2], *matrix.shape[2:]))
    back = [*others, axis]
    return y.transpose([*(back.index(i) for i in range(x.rank - 1)), x.rank - 1])


def _matrix(length: int, inverse: bool) -> Any:
    """What each part of each input gives to each part of each output, [n, 2, k, 2]."""
    turns = np.outer(np.arange(length), np.arange(length)) % length / length
    angle = 2 * np.pi * (turns if inverse else -turns)
    cosine, sine = np.cos(angle), np.sin(angle)
    parts = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], 1)
    return parts / length if inverse else parts


def _inverse_real(size: int, length: int) -> Any:
    """The inverse of a onesided transform, [size, 2, length, 1]: the other side is its mirror."""
    used = min(size, length // 2 + 1)
    full = _matrix(length, inverse=True)
    matrix = full[:used, :, :, :1].copy()
    mirrored = np.arange(1, min(used, (length + 1) // 2))
    other = full[length - mirrored, :, :, :1]
    matrix[mirrored] += other * np.array([1.0, -1.0]).reshape(2, 1, 1)
    return matrix


@op("STFT")
def stft(
    signal: AnyValue,
    frame_step: AnyValue,
    window: AnyValue | None = None,
    frame_length: AnyValue | None = None,
    *,
    onesided: int,
) -> AnyValue:
    """Transform windows of a signal: [N, time, 1 or 2] or [N, time] to [N, frames, K, 2].

    One convolution, whose kernels are the window times sines and cosines.
    """
    step = int(constant(frame_step, "the step").item())
    shape: Any = None if window is None else constant(window, "the window")
    if frame_length is not None:
        length = int(constant(frame_length, "the length").item())
    elif shape is not None:
        length = len(shape)
    else:
        raise Refused("neither window nor frame length is given", "export with one of them")
    shape = np.ones(length) if shape is None else shape.astype(np.float64)
    if len(shape) != length:
        raise Refused(
            f"the window has {len(shape)} elements and a frame {length}",
            "pad the window with zeros to the frame's length",
        )
    signal = signal.reshape((*signal.shape, 1)) if signal.rank == 2 else signal
    count = length // 2 + 1 if onesided else length
    taps = _matrix(length, inverse=False)[:, : signal.shape[-1], :count]
    taps = taps * shape.reshape(length, 1, 1, 1)
    kernel = taps.transpose(2, 3, 1, 0).reshape(2 * count, -1, length)
    y = conv(
        activation(signal).transpose((0, 2, 1)),
        Constant(kernel.astype(signal.dtype)),
        auto_pad="NOTSET",
        dilations=None,
        group=1,
        kernel_shape=None,
        pads=None,
        strides=[step],
    ).transpose((0, 2, 1))
    return y.reshape((*y.shape[:2], count, 2))
