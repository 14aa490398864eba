"""Gives the channels of an activation like ranges, exactly in float (cross-layer equalisation).

Nagel et al. 2019 (arXiv 1906.04721, section 4.1) scale pairs of layers for the ranges of weights.
Where each output channel of a weight has its scale, it is the activations that gain: one int8 step
for all channels of an activation is as coarse as the widest of them asks for. How far a scale is
moved from the activation to the weights behind it is weighed as by SmoothQuant (arXiv 2211.10438),
but for every region by the noise that it predicts. Scales are powers of two, so that the float
network computes the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .layers import WEIGHTS, layers_of, set_bias, set_constant, set_weights
from .regions import regions_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph

    from .layers import Layer
    from .regions import Operand, Region

    Array = NDArray[np.float64]

ACTIVATION_LEVELS, WEIGHT_LEVELS = 255, 127
# How much of the difference between channels goes from the activation into the weights.
SHARES = (0.25, 0.5, 0.75, 1.0)
# A scale is worth its change from this on: predicted noise over that without it.
WORTH = 0.9
# A channel is widened by no more than 2 to this; so quiet a one carries nothing, and float16
# weights of the same graph have to hold what becomes of it.
MOST = 10


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """What the channels of one activation did over the calibration samples.

    Attributes:
        low: [channels] smallest value, at most 0.
        high: [channels] largest value, at least 0.
        square: [channels] mean of the squares.
    """

    low: Array
    high: Array
    square: Array

    def joined(self, other: ChannelStatistics) -> ChannelStatistics:
        """Add what other samples showed, where `square` is the sum."""
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        return ChannelStatistics(low, high, self.square + other.square)

    @property
    def size(self) -> Array:
        """[channels] largest absolute value."""
        return np.maximum(-self.low, self.high)


def choose_scales(
    graph: Graph, seen: Mapping[str, ChannelStatistics]
) -> dict[str, NDArray[np.int8]]:
    """Choose the scales of the regions that gain by one.

    Args:
        graph: The float graph.
        seen: By activation's name; one that is not known keeps its region as it is.

    Returns:
        Name of a region's first activation → [channels] exponents of two: the activations of the
        region are multiplied by two to these.
    """
    chosen = {}
    for region in regions_of(graph):
        names = [graph.name(tensor) for tensor in region.tensors]
        if not all(name in seen for name in names):
            continue
        exponents = _best(region, [seen[name] for name in names])
        if exponents.any():
            chosen[names[0]] = exponents
    return chosen


def rescale(graph: Graph, scales: Mapping[str, NDArray[np.int8]]) -> int:
    """Take scales out of activations into the constants around them.

    Args:
        graph: Changed in place.
        scales: As `choose_scales` gives them.

    Returns:
        How many regions were scaled.
    """
    count = 0
    for region in regions_of(graph):
        exponents = scales.get(graph.name(region.tensors[0]))
        if exponents is None or exponents.shape != (region.channels,):
            continue
        factors = np.ldexp(np.float32(1), exponents.astype(np.int32))
        inverse = np.ldexp(np.float32(1), -exponents.astype(np.int32))
        current = {layer.name: layer for layer in layers_of(graph)}
        for layer in region.writers:
            _multiply_outputs(graph, current[layer.name], factors)
        current = {layer.name: layer for layer in layers_of(graph)}
        for layer in region.readers:
            _multiply_inputs(graph, current[layer.name], inverse)
        for operand in region.divided:
            _multiply_operand(graph, operand, factors)
        for operand in region.multiplied:
            _multiply_operand(graph, operand, inverse)
        count += 1
    return count


def _multiply_outputs(graph: Graph, layer: Layer, factors: NDArray[np.float32]) -> None:
    set_weights(graph, layer, layer.weights * layer.spread(factors, layer.output_axis))
    if layer.bias is not None:
        set_bias(graph, layer, layer.bias * factors)


def _multiply_inputs(graph: Graph, layer: Layer, factors: NDArray[np.float32]) -> None:
    set_constant(
        graph, layer.operator, WEIGHTS, layer.weights * layer.spread(factors, layer.input_axis)
    )


def _multiply_operand(graph: Graph, operand: Operand, factors: NDArray[np.float32]) -> None:
    value = graph.constant(int(operand.operator.inputs[operand.at]))
    assert value is not None
    set_constant(graph, operand.operator, operand.at, value * factors)


def _best(region: Region, seen: list[ChannelStatistics]) -> NDArray[np.int8]:
    """Try shares, and give the exponents of the least noise; zeros where it is not worth it."""
    by_tensor = dict(zip(region.tensors, seen, strict=True))
    sizes = np.max([each.size / max(each.size.max(), 1e-30) for each in seen], axis=0)
    weights = np.max([_row_share(layer) for layer in region.readers], axis=0)
    live = (sizes > 0) & (weights > 0)
    none = np.zeros(region.channels, np.int8)
    best, least = none, WORTH * _noise(region, by_tensor, none)
    for share in SHARES:
        exponents = _exponents(sizes, weights, live, share)
        noise = _noise(region, by_tensor, exponents)
        if noise < least:
            best, least = exponents, noise
    return best


def _exponents(sizes: Array, weights: Array, live: Any, share: float) -> NDArray[np.int8]:
    """Widen the channels that are narrower than the widest, no channel beyond it."""
    wanted = np.zeros(len(sizes))
    wanted[live] = -share * np.log2(sizes[live]) + (1 - share) * np.log2(weights[live])
    wanted[~live] = wanted[live].min(initial=0)
    # What is widest after the change stays what sets the step.
    wanted -= (np.log2(np.maximum(sizes, 2.0**-MOST)) + wanted).max()
    return np.clip(np.floor(wanted + 1e-9), -MOST, MOST).astype(np.int8)


def _row_share(layer: Layer) -> Array:
    """[channels] the largest weight of an input channel, as a share of its output channel's."""
    size = np.abs(layer.weights.astype(np.float64))
    if layer.kind == "DEPTHWISE_CONV_2D":
        return np.ones(layer.channels)
    others = tuple(axis for axis in range(size.ndim) if axis != layer.output_axis)
    share = size / np.maximum(size.max(others, keepdims=True), 1e-30)
    across = tuple(axis for axis in range(size.ndim) if axis != layer.input_axis)
    return np.asarray(share.max(across))


def _noise(
    region: Region, seen: Mapping[int, ChannelStatistics], exponents: NDArray[np.int8]
) -> float:
    """Predict noise over signal at the layers that read a region, for some scales of it.

    Rounding to steps of size d adds noise of variance d² / 12 to each value.
    """
    factors = np.ldexp(1.0, exponents.astype(np.int32))
    total = 0.0
    for layer in region.readers:
        each = seen[layer.reads]
        step = ((each.high * factors).max() - (each.low * factors).min()) / ACTIVATION_LEVELS
        rounding = np.broadcast_to((step / factors) ** 2 / 12, factors.shape)
        squares = np.square(_matrix(layer))
        scaled = np.abs(_matrix(layer)) / factors
        if layer.kind == "DEPTHWISE_CONV_2D":  # each weight has but one channel to be rounded for
            signal, noise = squares * each.square, squares * rounding
        else:
            steps = scaled.max((1, 2)) / WEIGHT_LEVELS
            size = np.square(factors) * each.square
            of_weights = steps**2 / 12 * size.sum() * scaled.shape[1]
            signal = (squares * each.square).sum((1, 2))
            noise = (squares * rounding).sum((1, 2)) + of_weights
        heard = signal > 1e-6 * signal.max(initial=0)
        total += float((noise[heard] / signal[heard]).mean()) if heard.any() else 0.0
    return total


def _matrix(layer: Layer) -> Array:
    """Give weights as [outputs, places, inputs]; of a depthwise layer [places, channels]."""
    weights = layer.weights.astype(np.float64)
    if layer.kind == "DEPTHWISE_CONV_2D":
        return np.asarray(np.sqrt(np.square(weights.reshape(-1, layer.channels)).mean(0)))[None]
    return weights.reshape(layer.channels, -1, weights.shape[-1])
