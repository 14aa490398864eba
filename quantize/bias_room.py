"""Gives biases room in int32, which the quantizer counts in steps of input times weight.

A channel whose weights are next to nothing, as where a batch normalisation's factor has become 0,
has steps so fine that its bias is more of them than int32 holds. litert-quantizer 0.11 then writes
the lowest int32, whichever sign the bias has, and the channel is dead. It can go when the library
widens such steps itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .corrections.layers import layers_of, set_weights
from .corrections.weights import LARGEST, steps_of
from .ranges import written_by
from .simulate import scale_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph

    from .corrections.layers import Layer
    from .recipes import Recipe

# Of int32's range, what a bias may take: the rest is for the products that are added to it, and for
# an input whose step the library makes finer than its own range asks.
MOST_STEPS = 2**29


def make_room(graph: Graph, recipe: Recipe) -> list[str]:
    """Widen the weights' steps of channels whose bias would not fit.

    The weight that is largest already is made so large that the bias is `MOST_STEPS` steps. What
    that adds to the output is at most 127 × 128 / 2**29 of the bias, 3e-5, where the output's own
    step is at least 1/255 of it.

    Args:
        graph: The float graph, which is changed.
        recipe: With ranges, and groups that name no modules.

    Returns:
        Names of what the operators write that have been changed.
    """
    changed = []
    for layer in layers_of(graph):
        scheme = recipe.scheme_of(layer.kind, written_by(graph, layer.operator))
        span = recipe.ranges.get(graph.name(layer.reads))
        if layer.bias is None or scheme.activation_bits != 8 or span is None:
            continue
        low, high = span
        ends = (-max(-low, high), max(-low, high)) if recipe.symmetric else span
        wanted = np.abs(layer.bias.ravel()) / (scale_of(ends)[0] * MOST_STEPS)
        wide = _widened(layer, recipe, np.asarray(wanted, np.float64))
        if wide is not None:
            set_weights(graph, layer, wide)
            changed.append(layer.name)
    return changed


def _widened(
    layer: Layer, recipe: Recipe, wanted: NDArray[np.float64]
) -> NDArray[np.float32] | None:
    """Give the weights of which the steps are at least those wanted; None if they are so already.

    A bias that is infinite is left alone.

    Args:
        layer: The layer.
        recipe: Says whether each channel has a step.
        wanted: [output channels] steps.
    """
    rows = np.moveaxis(layer.weights, layer.output_axis, 0)
    flat = rows.reshape(len(rows), -1).copy()
    steps = steps_of(layer, recipe.granularity).ravel()
    wanted = np.where(np.isfinite(wanted), wanted, 0.0)
    if len(steps) == 1:
        # One step for all: that of the channel with the largest weight.
        channels = [int(np.abs(flat).max(axis=1).argmax())] if wanted.max() > steps[0] else []
        wanted = np.full_like(wanted, wanted.max())
    else:
        channels = [int(channel) for channel in np.flatnonzero(wanted > steps)]
    for channel in channels:
        largest = np.abs(flat[channel]).argmax()
        sign = -1.0 if flat[channel, largest] < 0 else 1.0
        flat[channel, largest] = sign * LARGEST * wanted[channel]
    if not channels:
        return None
    return np.moveaxis(flat.reshape(rows.shape), 0, layer.output_axis)
