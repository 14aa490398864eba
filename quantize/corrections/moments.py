"""Measures what corrections need to know of the activations that layers read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.lib.stride_tricks import sliding_window_view

from decant.flatbuffer.graph import Graph

from ..calibrate import activations
from .equalisation import ChannelStatistics
from .layers import layers_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.tensors import TensorInfo

    from .layers import Layer

    Array = NDArray[np.float64]
    Floats = NDArray[np.float32]

# Of all the places at which a layer is computed for a sample, so many are looked at, by chance.
PLACES_PER_SAMPLE = 256
# So many places count for one.
ALIKE = 4
SEED = 0


class Moments:
    """Moments of what the layer reads for one place of its output, over places and samples.

    Attributes:
        mean: [groups, values] mean.
        count: Of places.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sum: Array | None = None
        self._products: Array | None = None

    def add(self, patches: Floats, *, products: bool) -> None:
        """Take in more; patches: [groups, places, values]."""
        self.count += patches.shape[1]
        total = patches.sum(1, dtype=np.float64)
        self._sum = total if self._sum is None else self._sum + total
        if products:
            more = np.matmul(patches.transpose(0, 2, 1), patches)
            self._products = more if self._products is None else self._products + more

    @property
    def mean(self) -> Array:
        """[groups, values] mean."""
        assert self._sum is not None
        return self._sum / self.count

    def shrunk(self, *, centred: bool) -> Floats:
        """[groups, values, values] mean of the products, those of different values made smaller.

        Few places say little of how so many values go together: of 24 samples of a layer that reads
        1,000 values, rounding would be learned by heart. The share kept of what was seen is that of
        the places, which are close to each other in a picture, in places and values.

        Args:
            centred: Whether to take the products about the mean.
        """
        assert self._products is not None
        square = np.asarray(self._products / self.count, np.float32)
        if centred:
            square -= np.asarray(self.mean[:, :, None] * self.mean[:, None], np.float32)
        places = self.count / ALIKE
        kept = np.float32(places / (places + square.shape[-1]))
        own = np.diagonal(square, axis1=-2, axis2=-1).copy()
        square *= kept
        each = np.arange(square.shape[-1])
        square[:, each, each] = np.maximum(own, 0)
        return square


def channel_statistics(
    model: bytes, inputs: Sequence[TensorInfo], samples: Sequence[Run], names: Collection[str]
) -> dict[str, ChannelStatistics]:
    """Run a float model and gather what the channels of some activations do, by tensor name.

    Channels lie along the last axis. What is NaN or infinite on some sample is left out.
    """
    graph = Graph.from_bytes(model)
    found: dict[str, ChannelStatistics] = {}
    counts: dict[str, int] = {}
    for name, value in activations(graph, model, inputs, samples):
        if name not in names:
            continue
        rows = value.reshape(-1, value.shape[-1]).astype(np.float64)
        seen = ChannelStatistics(
            np.minimum(rows.min(0), 0), np.maximum(rows.max(0), 0), np.square(rows).sum(0)
        )
        counts[name] = counts.get(name, 0) + len(rows)
        found[name] = seen.joined(found[name]) if name in found else seen
    return {
        name: ChannelStatistics(seen.low, seen.high, seen.square / counts[name])
        for name, seen in found.items()
        if np.isfinite(seen.square).all()
    }


def layer_moments(
    model: bytes,
    inputs: Sequence[TensorInfo],
    samples: Sequence[Run],
    names: Collection[str],
    *,
    products: bool,
) -> dict[str, Moments]:
    """Run a float model and gather moments of what some layers read, by layer's name.

    Args:
        model: The float flatbuffer.
        inputs: Of the model.
        samples: To run it on.
        names: Of the layers.
        products: Whether to gather second moments as well, which take the memory of the square of
            the values that one output reads.
    """
    graph = Graph.from_bytes(model)
    wanted: dict[str, list[Layer]] = {}
    for layer in layers_of(graph):
        if layer.name in names and layer.kind != "TRANSPOSE_CONV":
            wanted.setdefault(graph.name(layer.reads), []).append(layer)
    found = {layer.name: Moments() for layers in wanted.values() for layer in layers}
    generator = np.random.default_rng(SEED)
    for name, value in activations(graph, model, inputs, samples):
        for layer in wanted.get(name, ()):
            patches = patches_of(layer, value, PLACES_PER_SAMPLE, generator)
            if np.isfinite(patches).all():
                found[layer.name].add(patches, products=products)
    return {name: moments for name, moments in found.items() if moments.count}


def patches_of(layer: Layer, value: Floats, places: int, generator: np.random.Generator) -> Floats:
    """Cut out what a layer reads for some places of its output.

    Args:
        layer: No transposed convolution.
        value: [N, H, W, C], what it reads; of a fully connected layer of any rank.
        places: At most so many, chosen by chance.
        generator: Chooses them.

    Returns:
        [groups, places, values]: a group of output channels reads the same values.
    """
    if layer.kind == "FULLY_CONNECTED":
        rows = value.reshape(-1, layer.weights.shape[1])
        return rows[_some(len(rows), places, generator)][None]
    windows = _windows(layer, value)
    n, h, w = windows.shape[:3]
    at = np.unravel_index(_some(n * h * w, places, generator), (n, h, w))
    cut = windows[at]  # [places, C, rows, columns]
    if layer.kind == "DEPTHWISE_CONV_2D":
        of_each = cut.reshape(len(cut), cut.shape[1], -1).transpose(1, 0, 2)
        return of_each.repeat(layer.channels // len(of_each), 0)
    groups = cut.shape[1] // layer.weights.shape[3]
    grouped = cut.reshape(len(cut), groups, -1, *cut.shape[2:])
    return grouped.transpose(1, 0, 3, 4, 2).reshape(groups, len(cut), -1)


def as_matrix(layer: Layer, values: Floats, groups: int) -> Floats:
    """Lay a layer's weights as [groups, outputs of each, values read], in `patches_of`'s order."""
    if layer.kind == "DEPTHWISE_CONV_2D":
        return np.ascontiguousarray(values.reshape(-1, layer.channels).T[:, None])
    return np.ascontiguousarray(values.reshape(groups, layer.channels // groups, -1))


def as_weights(layer: Layer, matrix: NDArray[Any]) -> NDArray[Any]:
    """Lay what `as_matrix` gives as the weights are stored."""
    if layer.kind == "DEPTHWISE_CONV_2D":
        return np.ascontiguousarray(matrix[:, 0].T).reshape(layer.weights.shape)
    return matrix.reshape(layer.weights.shape)


def _some(count: int, wanted: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Choose indices, all of them if there are no more than wanted."""
    if count <= wanted:
        return np.arange(count)
    return np.sort(generator.choice(count, wanted, replace=False))


def _windows(layer: Layer, value: Floats) -> Floats:
    """View [N, H, W, C] as what each place reads: [N, H', W', C, rows, columns]."""
    options = layer.operator.builtinOptions
    sizes = layer.weights.shape[1:3]
    strides = options.strideH, options.strideW
    dilations = options.dilationHFactor, options.dilationWFactor
    reach = [(size - 1) * step + 1 for size, step in zip(sizes, dilations, strict=True)]
    if options.padding == schema.Padding.SAME:
        value = np.pad(value, [(0, 0), *_same(value.shape[1:3], reach, strides), (0, 0)])
    windows = sliding_window_view(value, reach, (1, 2))
    return windows[:, :: strides[0], :: strides[1], :, :: dilations[0], :: dilations[1]]


def _same(
    sizes: Sequence[int], reach: Sequence[int], strides: Sequence[int]
) -> list[tuple[int, int]]:
    """Give SAME's padding before and after each axis; the odd one comes after."""
    total = [
        max((-(-size // stride) - 1) * stride + far - size, 0)
        for size, far, stride in zip(sizes, reach, strides, strict=True)
    ]
    return [(each // 2, each - each // 2) for each in total]
