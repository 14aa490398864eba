"""The layers of a graph that have weights: where the parts of each lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph

WEIGHTS = 1
# Of the inputs of a layer: which is the activation that it reads. A bias follows the last of them.
READS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 0, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 2}
# Of a layer's weights: the axes of its output and input channels.
OUTPUT_AXIS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
INPUT_AXIS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 3}


@dataclass(frozen=True, slots=True)
class Layer:
    """An operator that multiplies an activation by constant weights.

    Attributes:
        operator: Of the schema.
        kind: Its name there.
        name: Of the tensor that it writes, by which corrections know it.
        reads: The activation.
        writes: The activation.
        weights: Its weights as stored.
        bias: [output channels]; None where it has none.
    """

    operator: Any
    kind: str
    name: str
    reads: int
    writes: int
    weights: NDArray[np.float32]
    bias: NDArray[np.float32] | None

    @property
    def bias_at(self) -> int:
        """Place of the bias among the operator's inputs."""
        return max(READS[self.kind], WEIGHTS) + 1

    @property
    def output_axis(self) -> int:
        """Of the weights' axes, that of the output channels."""
        return OUTPUT_AXIS[self.kind]

    @property
    def input_axis(self) -> int:
        """Of the weights' axes, that of the input channels; of a depthwise one both are one."""
        return INPUT_AXIS[self.kind]

    @property
    def channels(self) -> int:
        """How many output channels there are."""
        return int(self.weights.shape[self.output_axis])

    def spread(self, per_channel: NDArray[Any], axis: int) -> NDArray[Any]:
        """Give values per channel the rank of the weights."""
        shape = [1] * self.weights.ndim
        shape[axis] = -1
        return per_channel.reshape(shape)


def layers_of(graph: Graph) -> Iterator[Layer]:
    """Yield the layers of float weights, in the order in which they are computed."""
    for operator in graph.operators:
        kind = graph.kind(operator)
        if kind not in READS or not _is_plain(operator):
            continue
        inputs = [int(tensor) for tensor in operator.inputs]
        weights, at = graph.constant(inputs[WEIGHTS]), max(READS[kind], WEIGHTS) + 1
        tensor = inputs[at] if len(inputs) > at else -1
        bias = graph.constant(tensor)
        computed = tensor >= 0 and bias is None
        if weights is None or weights.dtype != np.float32 or computed:
            continue
        reads, writes = inputs[READS[kind]], int(operator.outputs[0])
        yield Layer(operator, kind, graph.name(writes), reads, writes, weights, bias)


def set_weights(graph: Graph, layer: Layer, weights: NDArray[np.float32]) -> None:
    """Give a layer other weights."""
    set_constant(graph, layer.operator, WEIGHTS, weights)


def set_bias(graph: Graph, layer: Layer, bias: NDArray[np.float32]) -> None:
    """Give a layer another bias, or one where it had none."""
    at, inputs = layer.bias_at, [int(tensor) for tensor in layer.operator.inputs]
    if layer.bias is None:
        layer.operator.inputs = [*inputs[:at], graph.add_constant(f"{layer.name}/bias", bias)]
    else:
        set_constant(graph, layer.operator, at, bias)


def set_constant(graph: Graph, operator: Any, at: int, value: NDArray[Any]) -> None:
    """Give an operator another constant, of the same shape, but to no other reader of it."""
    tensor = int(operator.inputs[at])
    readers = [each for each in graph.operators if tensor in [int(t) for t in each.inputs]]
    uses = [int(t) for t in operator.inputs].count(tensor)
    if len(readers) == uses == 1 and tensor not in graph.outputs:
        graph.store(tensor, value)
        return
    inputs = [int(each) for each in operator.inputs]
    inputs[at] = graph.add_constant(graph.name(tensor), value)
    operator.inputs = inputs


def fused_activation(operator: Any) -> int:
    """Give the activation that an operator ends in, in the schema's number."""
    return int(getattr(operator.builtinOptions, "fusedActivationFunction", 0))


def _is_plain(operator: Any) -> bool:
    """Whether weights lie as documented, which is so but for shuffled fully connected ones."""
    form = getattr(operator.builtinOptions, "weightsFormat", 0)
    return bool(form == schema.FullyConnectedOptionsWeightsFormat.DEFAULT)
