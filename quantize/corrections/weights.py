"""The steps of a layer's int8 weights, as the quantizer chooses them, and what rounding leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from decant.quantization import Granularity

    from .layers import Layer

    Floats = NDArray[np.float32]

LARGEST = 127
# The quantizer's least span.
LEAST = 1e-9


def steps_of(layer: Layer, granularity: Granularity) -> Floats:
    """Give the step of each weight, in a shape that broadcasts to the weights."""
    size = np.abs(layer.weights)
    others = tuple(axis for axis in range(size.ndim) if axis != layer.output_axis)
    bound = size.max(others, keepdims=True) if granularity == "channel" else size.max(keepdims=True)
    return np.asarray(np.maximum(bound, LEAST) / LARGEST, np.float32)


def nearest(weights: Floats, steps: Floats) -> NDArray[np.bool_]:
    """Say of each weight whether the nearest integer is above it."""
    scaled = weights / steps
    return np.asarray(np.round(scaled) > np.floor(scaled))


def rounded(weights: Floats, steps: Floats, up: NDArray[np.bool_]) -> Floats:
    """Give the weights that become the integers chosen, and remain where they were chosen anyway.

    The largest weight of a step stays as it is, so that the quantizer finds the same step again.

    Args:
        weights: Of a layer.
        steps: Broadcasts to them.
        up: Of their shape: whether each is rounded up.
    """
    scaled = weights / steps
    chosen = np.clip(np.floor(scaled) + up, -LARGEST, LARGEST)
    return np.where(fixed(weights, steps), weights, chosen * steps).astype(np.float32)


def fixed(weights: Floats, steps: Floats) -> NDArray[np.bool_]:
    """Say which weights set a step, or are as large as those that do."""
    return np.asarray(np.abs(weights / steps) > LARGEST - 0.5)


def error(weights: Floats, steps: Floats, up: NDArray[np.bool_]) -> Floats:
    """Give what the integers chosen add to the weights."""
    chosen = np.clip(np.floor(weights / steps) + up, -LARGEST, LARGEST)
    whole = np.where(fixed(weights, steps), np.round(weights / steps), chosen)
    return np.asarray(whole * steps - weights, np.float32)
