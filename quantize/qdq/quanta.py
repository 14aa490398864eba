"""What the integers of a tensor stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.flatbuffer.packing import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph

    Array = NDArray[Any]

UNSIGNED_OFFSET = 128


@dataclass(frozen=True, slots=True)
class Quanta:
    """What integers stand for: (integer - zero point) scale.

    Attributes:
        scales: [] or [channels] float32.
        zero_points: Likewise, of the integers' own type.
        axis: Along which the channels lie.
    """

    scales: Array
    zero_points: Array
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        """Whether each channel has a scale of its own."""
        return bool(self.scales.ndim)

    @property
    def unsigned(self) -> Quanta:
        """The same for integers that are uint8 in place of int8, 128 larger; others as they are."""
        if self.zero_points.dtype != np.int8 or self.per_channel:
            return self
        shifted = np.asarray(int(self.zero_points) + UNSIGNED_OFFSET, np.uint8)
        return Quanta(self.scales, shifted)

    def equals(self, other: Quanta | None) -> bool:
        """Whether the same integers stand for the same."""
        return (
            other is not None
            and np.array_equal(self.scales, other.scales)
            and np.array_equal(self.zero_points, other.zero_points)
        )


def quanta_of(graph: Graph, tensor: int) -> Quanta | None:
    """Say what a tensor's integers stand for; None of floats, and of what are just integers."""
    parameters = graph.subgraph.tensors[tensor].quantization
    scales = np.asarray([] if parameters is None else listed(parameters.scale), np.float32)
    dtype = graph.dtype(tensor)
    if scales.size == 0 or dtype.kind == "f":
        return None
    zeros = np.asarray(listed(parameters.zeroPoint), dtype)
    zeros = zeros if zeros.size else np.zeros(1, dtype)
    if scales.size == 1:
        return Quanta(scales.reshape(()), zeros[:1].reshape(()))
    zeros = np.broadcast_to(zeros, scales.shape)
    return Quanta(scales, zeros, int(parameters.quantizedDimension))


def between_integers(graph: Graph, x: int, y: int) -> bool:
    """Whether an operator from x to y stands between what integers stand for and integers."""
    before, after = (quanta_of(graph, tensor) is not None for tensor in (x, y))
    for operator in graph.operators:
        before |= graph.kind(operator) == "DEQUANTIZE" and int(operator.outputs[0]) == x
        after |= graph.kind(operator) == "QUANTIZE" and int(operator.inputs[0]) == y
    return before and after


def has_zero_points(graph: Graph) -> bool:
    """Whether the zero of some computed int8 tensor is another integer than 0."""
    computed = {int(tensor) for operator in graph.operators for tensor in operator.outputs}
    found = (quanta_of(graph, tensor) for tensor in computed if graph.is_int8(tensor))
    return any(each is not None and each.zero_points.any() for each in found)
