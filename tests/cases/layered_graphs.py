"""Float graphs of layers with weights, put together one after the other from an input "x"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from static_graphs import Growing

from decant.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from decant.flatbuffer import Graph

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
NONE, RELU, RELU6 = (
    schema.ActivationFunctionType.NONE,
    schema.ActivationFunctionType.RELU,
    schema.ActivationFunctionType.RELU6,
)
PLACES = {"padding": SAME, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


class Layered(Growing):
    """A graph of layers, from "x" of some shape."""

    def __init__(self, shape: Sequence[int], seed: int = 0) -> None:
        super().__init__(seed)
        self.x = self.tensors[0]
        described = self.graph.subgraph.tensors[self.x]
        described.shape = list(shape)

    def conv(self, x: int, weights: NDArray[Any], ends: int = NONE, **options: Any) -> int:
        """Convolve with weights [O, rows, columns, I] and a random bias."""
        return self._layer("CONV_2D", x, weights, len(weights), ends, options)

    def depthwise(self, x: int, weights: NDArray[Any], ends: int = NONE, **options: Any) -> int:
        """Convolve each channel with weights [1, rows, columns, C]."""
        channels = weights.shape[3]
        multiplier = channels // self.graph.shape(x)[-1]
        options = {"depthMultiplier": multiplier, **options}
        return self._layer("DEPTHWISE_CONV_2D", x, weights, channels, ends, options)

    def dense(self, x: int, weights: NDArray[Any], ends: int = NONE) -> int:
        """Multiply by weights [O, I]."""
        inputs = [x, self._constant(weights), self._constant(self.random.normal(size=len(weights)))]
        shape = (*self.graph.shape(x)[:-1], len(weights))
        options = {"fusedActivationFunction": ends, "keepNumDims": True}
        return self.one("FULLY_CONNECTED", inputs, shape, **options)

    def unary(self, kind: str, x: int) -> int:
        """Add an operator without options that leaves the shape."""
        return self.one(kind, [x], self.graph.shape(x))

    def sum(self, left: int, right: int) -> int:
        """Add two activations, or one and a constant."""
        return self.one("ADD", [left, right], self.graph.shape(left))

    def constant(self, values: NDArray[Any]) -> int:
        """Store a constant."""
        return self._constant(values)

    def ending(self, *outputs: int) -> Graph:
        """Finish with some outputs."""
        self.graph.subgraph.outputs = list(outputs)
        self.graph.rename_duplicates()
        self.graph.ensure_signature()
        return self.graph

    def normal(self, *shape: int) -> NDArray[np.float32]:
        """Draw weights."""
        return self.random.normal(size=shape).astype(np.float32)

    def _constant(self, values: NDArray[Any]) -> int:
        return self.graph.add_constant("constant", np.asarray(values, np.float32))

    def _layer(
        self, kind: str, x: int, weights: NDArray[Any], channels: int, ends: int, options: Any
    ) -> int:
        chosen = {**PLACES, "fusedActivationFunction": ends, **options}
        rows, columns = (
            _places(size, kernel, chosen[f"stride{axis}"], chosen[f"dilation{axis}Factor"], chosen)
            for size, kernel, axis in zip(
                self.graph.shape(x)[1:3], weights.shape[1:3], "HW", strict=True
            )
        )
        inputs = [x, self._constant(weights), self._constant(self.random.normal(size=channels))]
        shape = (self.graph.shape(x)[0], rows, columns, channels)
        return self.one(kind, inputs, shape, **chosen)


def _places(size: int, kernel: int, stride: int, dilation: int, options: Any) -> int:
    if options["padding"] == VALID:
        size -= (kernel - 1) * dilation
    return -(-size // stride)


def info(graph: Graph) -> TensorInfo:
    """Describe the input."""
    return TensorInfo(name="x", shape=graph.shape(graph.inputs[0]), dtype="float32")


def described_outputs(graph: Graph) -> tuple[TensorInfo, ...]:
    """Describe the outputs."""
    return tuple(
        TensorInfo(name=name, shape=graph.shape(tensor), dtype="float32")
        for name, tensor in graph.signature_outputs().items()
    )


def unequal(seed: int = 0, channels: int = 12) -> Graph:
    """Build convolutions whose channels differ by 2 to the 8 in size, which the next one evens out.

    So networks become where batch normalisation is folded into weights.
    """
    layered = Layered((1, 9, 7, 3), seed)
    sizes = np.exp2(np.linspace(0, -8, channels)).astype(np.float32)
    first = layered.normal(channels, 3, 3, 3) * sizes[:, None, None, None] / 5
    x = layered.conv(layered.x, first, RELU)
    x = layered.depthwise(x, layered.normal(1, 3, 3, channels) / 3, RELU)
    for operator in layered.graph.operators:
        layered.graph.store(int(operator.inputs[2]), 0.1 * sizes)
    last = layered.normal(5, 1, 1, channels) / sizes / 4
    return layered.ending(layered.conv(x, last))


def samples(graph: Graph, count: int, seed: int = 0) -> list[dict[str, NDArray[np.float32]]]:
    """Draw runs, in the order of the file's axes."""
    random = np.random.default_rng(seed)
    shape = graph.shape(graph.inputs[0])
    return [{"x": random.normal(size=shape).astype(np.float32)} for _ in range(count)]
