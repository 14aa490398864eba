"""Keeps of the scales proposed those that lower the noise at the outputs, region by region."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.flatbuffer.graph import Graph

from ..simulate import simulator
from .equalisation import choose_scales, rescale
from .moments import channel_statistics
from .regions import regions_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.tensors import TensorInfo

    from ..simulate import Simulator
    from .equalisation import ChannelStatistics
    from .regions import Region

    Infos = tuple[TensorInfo, ...]
    Outputs = Mapping[str, NDArray[Any]]
    Scales = dict[str, NDArray[np.int8]]

logger = logging.getLogger(__name__)

# Held-out runs that a region is tried on.
TRIED_ON = 8
# A region keeps its scale where the noise falls at least to this share.
WORTH = 0.95


def proven_scales(
    model: bytes,
    signature: tuple[Infos, Infos],
    samples: Sequence[Run],
    held_out: Sequence[Run],
    rounded: Collection[str],
) -> Scales:
    """Find scales of regions that lower the noise at the outputs; for a child process.

    Args:
        model: The float flatbuffer.
        signature: Its inputs and outputs.
        samples: To choose scales by.
        held_out: To prove them on.
        rounded: Names of the activations that become int8.

    Returns:
        First activation of a region → [channels] exponents of two.
    """
    graph = Graph.from_bytes(model)
    regions = {graph.name(region.tensors[0]): region for region in regions_of(graph)}
    names = {graph.name(tensor) for region in regions.values() for tensor in region.tensors}
    seen = channel_statistics(model, signature[0], samples, names)
    proposed = choose_scales(graph, seen)
    held_out = held_out[:TRIED_ON]
    with simulator(graph, *signature) as plain:
        reference = plain.run(held_out)
    kept: Scales = {}
    for name, exponents in proposed.items():
        trial = _Trial(graph, regions[name], seen, rounded, signature)
        if not trial.tensors:
            continue
        before = _noise(reference, trial.run(held_out, np.zeros_like(exponents)))
        after = _noise(reference, trial.run(held_out, exponents))
        if after < WORTH * before:
            kept[name] = exponents
    return kept


class _Trial:
    """A graph in which nothing is rounded but one region and the weights that read it."""

    def __init__(
        self,
        graph: Graph,
        region: Region,
        seen: Mapping[str, ChannelStatistics],
        rounded: Collection[str],
        signature: tuple[Infos, Infos],
    ) -> None:
        self.tensors = [tensor for tensor in region.tensors if graph.name(tensor) in rounded]
        self._graph, self._region, self._signature = graph, region, signature
        self._seen = {tensor: seen[graph.name(tensor)] for tensor in self.tensors}

    def run(self, runs: Sequence[Run], exponents: NDArray[np.int8]) -> list[Any]:
        """Run it with a scale."""
        scaled = Graph.from_bytes(self._graph.to_bytes())
        rescale(scaled, {self._graph.name(self._region.tensors[0]): exponents})
        factors = np.ldexp(1.0, exponents.astype(np.int32))
        ranges = {
            tensor: (float((seen.low * factors).min()), float((seen.high * factors).max()))
            for tensor, seen in self._seen.items()
        }
        readers = {layer.name for layer in self._region.readers}
        weights = [
            number
            for number, operator in enumerate(scaled.operators)
            if scaled.name(int(operator.outputs[0])) in readers
        ]
        with simulator(scaled, *self._signature) as simulated:
            return _run(simulated, runs, ranges, weights)


def _run(
    simulated: Simulator, runs: Sequence[Run], ranges: Mapping[int, Any], weights: Sequence[int]
) -> list[Any]:
    return simulated.run(runs, activations=ranges, weights=weights)


def _noise(reference: Sequence[Outputs], outputs: Sequence[Outputs]) -> float:
    """Mean over the outputs of noise over variation."""
    total = 0.0
    for name in reference[0]:
        before = np.concatenate([np.ravel(each[name]).astype(np.float64) for each in reference])
        after = np.concatenate([np.ravel(each[name]).astype(np.float64) for each in outputs])
        total += float(np.square(after - before).mean() / max(before.var(), 1e-30))
    return total / len(reference[0])
