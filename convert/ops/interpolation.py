"""Says which input elements, with which weights, make each output element of a Resize.

Everything here is per axis: ONNX's interpolation is separable. Source: ONNX Resize-19.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Axis:
    """How one axis is resized.

    Attributes:
        size: Elements of the input.
        wanted: Elements of the output.
        scale: Ratio as the file gives it; may differ from wanted / size.
        roi: Start and end of the region for tf_crop_and_resize, as parts of the axis.
    """

    size: int
    wanted: int
    scale: float
    roi: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Method:
    """ONNX's attributes of Resize, under their ONNX names."""

    mode: str
    coordinate_transformation_mode: str
    nearest_mode: str
    cubic_coeff_a: float
    exclude_outside: bool
    antialias: bool


def coordinates(axis: Axis, mode: str, dtype: type[np.floating[Any]] = np.float64) -> Any:
    """Position in the input of every output element, computed in a type of floats."""
    out, scale = np.arange(axis.wanted, dtype=dtype), dtype(axis.scale)
    length = axis.size * scale
    if mode == "align_corners":
        return out * (axis.size - 1) / (length - 1) if length != 1 else np.zeros_like(out)
    if mode == "asymmetric":
        return out / scale
    if mode == "pytorch_half_pixel" and length <= 1:
        return np.zeros_like(out)
    if mode == "half_pixel_symmetric":
        offset = axis.size / 2 * (1 - axis.wanted / length)
        return offset + (out + 0.5) / scale - 0.5
    if mode == "tf_crop_and_resize":
        start, end = axis.roi
        if axis.wanted > 1:
            return start * (axis.size - 1) + out * (end - start) * (axis.size - 1) / (length - 1)
        return np.full_like(out, 0.5 * (start + end) * (axis.size - 1))
    return (out + 0.5) / scale - 0.5


def nearest(axis: Axis, method: Method) -> Any:
    """Index of the input element that each output element copies.

    ONNX Runtime and PyTorch round positions in single precision, where one may lie in the middle
    that in double precision does not: 3.5 / 0.7 - 0.5.
    """
    where = coordinates(axis, method.coordinate_transformation_mode, np.float32)
    rounded = {
        "round_prefer_floor": np.ceil(where - 0.5),
        "round_prefer_ceil": np.floor(where + 0.5),
        "floor": np.floor(where),
        "ceil": np.ceil(where),
    }[method.nearest_mode]
    return np.clip(rounded, 0, axis.size - 1).astype(np.int32)


def weights(axis: Axis, method: Method) -> Any:
    """The matrix [wanted, size] that resizes the axis."""
    matrix = np.zeros((axis.wanted, axis.size))
    if method.mode == "nearest":
        matrix[np.arange(axis.wanted), nearest(axis, method)] = 1
        return matrix
    shrink = min(axis.scale, 1.0) if method.antialias else 1.0
    reach = (1 if method.mode == "linear" else 2) / shrink
    where = coordinates(axis, method.coordinate_transformation_mode)
    taps = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 2)
    index = np.floor(where)[:, None] + taps
    distance = np.abs(where[:, None] - index) * shrink
    weight = _triangle(distance) if method.mode == "linear" else _cubic(distance, method)
    if method.exclude_outside:
        weight = np.where((index >= 0) & (index < axis.size), weight, 0)
    weight /= weight.sum(1, keepdims=True)
    inside = np.clip(index, 0, axis.size - 1).astype(int)
    np.add.at(matrix, (np.arange(axis.wanted)[:, None], inside), weight)
    return matrix


def _triangle(distance: Any) -> Any:
    return np.maximum(1 - distance, 0)


def _cubic(distance: Any, method: Method) -> Any:
    """Keys' cubic convolution."""
    a, d = method.cubic_coeff_a, distance
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def outside(axis: Axis, method: Method) -> Any:
    """Which output elements lie outside the input (they get the extrapolation value)."""
    where = coordinates(axis, method.coordinate_transformation_mode)
    return (where < 0) | (where > axis.size - 1)
