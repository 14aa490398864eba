"""The size of a step of learning for each float constant, so that one learning rate suits all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .reading import WEIGHTED

if TYPE_CHECKING:
    from torch import Tensor

    from decant.flatbuffer import Graph

    from ..recipes import Recipe

# Of the reach of a convolution's products: what a bias is changed by in proportion.
BIAS_SHARE = 0.1


def real(graph: Graph, tensor: int) -> Tensor:
    """Copy a float constant of a graph."""
    value = graph.constant(tensor)
    assert value is not None
    return torch.from_numpy(value.copy())


def units(graph: Graph, recipe: Recipe) -> dict[int, Tensor]:
    """Give a unit for each float constant that is read, broadcastable to it.

    That of weights is the largest of their output channel, that of a bias a share of what its
    channel's weights make of the largest input, that of anything else its own size.
    """
    found: dict[int, Tensor] = {}
    for operator in graph.operators:
        inputs = [int(at) for at in operator.inputs]
        kind = graph.kind(operator)
        for at in inputs:
            if at >= 0 and graph.is_float(at) and graph.constant(at) is not None:
                found.setdefault(at, _own_size(real(graph, at)))
        if kind in WEIGHTED and inputs[WEIGHTED[kind][1]] in found:
            _weighted(graph, recipe, kind, inputs, found)
    return found


def _own_size(value: Tensor) -> Tensor:
    size = value.abs()
    mean = size[size.isfinite()].mean() if size.isfinite().any() else torch.zeros(())
    # What is infinite, such as a mask, stays as it is.
    return torch.where(size.isfinite(), torch.maximum(size, mean), torch.zeros(()))


def _weighted(
    graph: Graph, recipe: Recipe, kind: str, inputs: list[int], found: dict[int, Tensor]
) -> None:
    x, weights, bias = WEIGHTED[kind]
    value = real(graph, inputs[weights])
    channel = value.ndim - 1 if kind == "DEPTHWISE_CONV_2D" else 0
    others = [axis for axis in range(value.ndim) if axis != channel]
    found[inputs[weights]] = value.abs().amax(others, keepdim=True)
    if len(inputs) > bias and inputs[bias] in found:
        low, high = recipe.ranges.get(graph.name(inputs[x]), (-1.0, 1.0))
        length = value.square().sum(others).sqrt()
        found[inputs[bias]] = BIAS_SHARE * max(abs(low), abs(high)) * length
