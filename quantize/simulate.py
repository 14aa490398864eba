"""Runs a float file with some of its values rounded as an int8 file would round them.

So the noise of one tensor or one operator is seen at the outputs without the quantizer, which needs
seconds for a file, and apart from that of all others.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from decant.artifacts import scratch_folder
from decant.flatbuffer.packing import written
from decant.runtime import LiteRtModel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph
    from decant.inputs import Run
    from decant.tensors import TensorInfo

    from .ranges import Range

    Infos = tuple[TensorInfo, ...]
    Outputs = dict[str, NDArray[Any]]

STEPS = 255
LOWEST = -128
LARGEST_WEIGHT = 127
# Axis of the output channels in the weights of each kind of operator, and which input they are.
CHANNEL_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}


class Simulator:
    """A float graph that can be run with some of its values rounded.

    It is a context, within which its temporary file lies.
    """

    def __init__(self, graph: Graph, inputs: Infos, outputs: Infos, folder: Path) -> None:
        """Prepare a graph.

        Args:
            graph: The float graph; as it was again after every run.
            inputs: Of the graph.
            outputs: Of the graph.
            folder: For a temporary file.
        """
        self._graph = graph
        self._inputs, self._outputs = inputs, outputs
        self._path = folder / "simulated.tflite"

    def run(
        self,
        runs: Sequence[Run],
        *,
        activations: Mapping[int, Range] | None = None,
        weights: Collection[int] = (),
    ) -> list[Outputs]:
        """Run the graph with rounded values.

        Args:
            runs: Inputs in ONNX axis order.
            activations: Tensor → the range that its 256 steps span.
            weights: Numbers of the operators whose weights are rounded, per output channel.

        Returns:
            Outputs per run, in ONNX axis order.
        """
        with _rounded_weights(self._graph, weights), _rounded(self._graph, activations or {}):
            self._path.write_bytes(written(self._graph.model))
        model = LiteRtModel(self._path, self._inputs, self._outputs)
        return [model.run(each) for each in runs]


@contextmanager
def simulator(graph: Graph, inputs: Infos, outputs: Infos) -> Iterator[Simulator]:
    """Open a simulator; its temporary file is gone afterwards."""
    with scratch_folder("decant-simulate-") as folder:
        yield Simulator(graph, inputs, outputs, folder)


def scale_of(span: Range) -> tuple[float, int]:
    """Give the step and the zero point of int8 values that span a range, as the quantizer does.

    >>> scale_of((0.0, 255.0)), scale_of((-128.0, 127.0)), scale_of((51.0, 255.0))
    ((1.0, -128), (1.0, 0), (1.0, -128))
    """
    low, high = min(span[0], 0.0), max(span[1], 0.0)
    step = (high - low) / STEPS or 1.0
    return step, int(np.clip(round(LOWEST - low / step), LOWEST, LOWEST + STEPS))


def weights_of(graph: Graph, operator: Any) -> tuple[int, int] | None:
    """Give the tensor of an operator's weights and the axis of their output channels.

    None of an operator that has none, or whose weights are computed or no floats.
    """
    axis = CHANNEL_AXES.get(graph.kind(operator))
    if axis is None:
        return None
    tensor = int(operator.inputs[1])
    constant = graph.is_float(tensor) and graph.constant(tensor) is not None
    return (tensor, axis) if constant else None


def rounded_weights(weights: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Round weights to what int8 holds of them, with a step per index of an axis, symmetric."""
    others = tuple(each for each in range(weights.ndim) if each != axis)
    steps = np.abs(weights).max(axis=others, keepdims=True) / LARGEST_WEIGHT
    steps = np.where(steps == 0, 1, steps)
    return np.asarray(np.round(weights / steps) * steps, np.float32)


@contextmanager
def _rounded_weights(graph: Graph, operators: Collection[int]) -> Iterator[None]:
    """Round the weights of some operators inside the block."""
    kept = {}
    buffers = len(graph.model.buffers)
    for number in operators:
        found = weights_of(graph, graph.operators[number])
        if found is None or found[0] in kept:
            continue
        tensor, axis = found
        value = graph.constant(tensor)
        assert value is not None
        kept[tensor] = graph.subgraph.tensors[tensor].buffer
        graph.store(tensor, rounded_weights(value, axis))
    try:
        yield
    finally:
        for tensor, buffer in kept.items():
            graph.subgraph.tensors[tensor].buffer = buffer
        del graph.model.buffers[buffers:]


@contextmanager
def _rounded(graph: Graph, activations: Mapping[int, Range]) -> Iterator[None]:
    """Lead some tensors through int8 inside the block.

    Before: t → readers
    After:  t → QUANTIZE → int8 → DEQUANTIZE → readers
    """
    subgraph = graph.subgraph
    kept = subgraph.operators, subgraph.outputs, len(subgraph.tensors)
    inputs = [operator.inputs for operator in subgraph.operators]
    signatures = graph.signature_outputs()
    rounded = {tensor: _rounding(graph, tensor, span) for tensor, span in activations.items()}
    real = {tensor: int(pair[1].outputs[0]) for tensor, pair in rounded.items()}
    for operator in subgraph.operators:
        operator.inputs = [real.get(int(index), int(index)) for index in operator.inputs]
    subgraph.operators = _placed(graph, rounded)
    graph.set_outputs({name: real.get(each, each) for name, each in signatures.items()})
    try:
        yield
    finally:
        subgraph.operators = kept[0]
        for operator, before in zip(kept[0], inputs, strict=True):
            operator.inputs = before
        graph.set_outputs(signatures)
        subgraph.outputs = kept[1]
        del subgraph.tensors[kept[2] :]


def _rounding(graph: Graph, tensor: int, span: Range) -> tuple[Any, Any]:
    """Make the two operators that round a tensor."""
    shape, name = graph.shape(tensor), graph.name(tensor)
    integers = graph.add_tensor(f"{name}/int8", shape, np.dtype(np.int8))
    step, zero_point = scale_of(span)
    graph.set_scales(integers, [step], [zero_point])
    real = graph.add_tensor(f"{name}/rounded", shape)
    return (
        graph.operator("QUANTIZE", [tensor], integers, schema.QuantizeOptionsT()),
        graph.operator("DEQUANTIZE", [integers], real, schema.DequantizeOptionsT()),
    )


def _placed(graph: Graph, rounded: Mapping[int, tuple[Any, Any]]) -> list[Any]:
    """Put what rounds a tensor behind what writes it; what rounds inputs comes first."""
    operators = [each for tensor in graph.inputs for each in rounded.get(tensor, ())]
    for operator in graph.operators:
        operators.append(operator)
        for tensor in operator.outputs:
            operators += rounded.get(int(tensor), ())
    return operators
