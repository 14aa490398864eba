"""Computes in int8 what stands between dequantized inputs and a quantized result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from .names import STEP
from .weights import LARGEST_SUM, Integers, halves, lossless
from .wiring import INT8, Parameters, dequantized, parameters, set_parameters, sole_quantize

if TYPE_CHECKING:
    from decant.flatbuffer import Graph

FUSED = (0, 1, 2, 3)
"""Activations that int8 kernels clamp to: none, RELU, RELU_N1_TO_1, RELU6."""

LARGEST_BIAS = 2**30
POINTWISE = frozenset({"ADD", "MUL", "SUB"})


@dataclass(frozen=True, slots=True)
class Weighted:
    """Where a kind with weights has its inputs.

    Attributes:
        x: The activations.
        weights: The weights.
        bias: The bias.
        axis: Of the weights, that of the outputs.
        may_be_halves: Whether the sum of two products is a product with the inputs twice.
    """

    x: int = 0
    weights: int = 1
    bias: int = 2
    axis: int = 0
    may_be_halves: bool = True


WEIGHTED = {
    "CONV_2D": Weighted(),
    "DEPTHWISE_CONV_2D": Weighted(axis=3, may_be_halves=False),
    "FULLY_CONNECTED": Weighted(),
    "TRANSPOSE_CONV": Weighted(x=2, bias=3),
}


def fuse(graph: Graph) -> None:
    """Give operators int8 kernels.

    Before: CONV_2D(DEQUANTIZE(x: int8), W: float, b: float) → QUANTIZE → y: int8
    After:  CONV_2D(x, W: int8, b: int32) → y
    """
    fusing, readers = _Fusing(graph, dequantized(graph)), graph.readers()
    for operator in list(graph.operators):
        if getattr(operator.builtinOptions, "fusedActivationFunction", 0) not in FUSED:
            continue
        result = sole_quantize(graph, int(operator.outputs[0]), readers)
        inputs = None if result is None else fusing.inputs(operator)
        if result is not None and inputs is not None:
            operator.inputs, operator.outputs = inputs, [int(result.outputs[0])]
            graph.replace(operator, [*fusing.made, operator])
            fusing.made.clear()
            graph.replace(result, [])


@dataclass(frozen=True, slots=True)
class _Fusing:
    """Finds the integers that operators compute with.

    Attributes:
        graph: The file.
        sources: Float tensor → the int8 tensor that it was.
        weights: Constant → its integers, None where it has none.
        twice: int8 tensor → itself twice, one behind the other.
        made: Operators that an int8 kernel wants in front.
    """

    graph: Graph
    sources: dict[int, int]
    weights: dict[int, Integers | None] = field(default_factory=dict)
    twice: dict[int, int] = field(default_factory=dict)
    made: list[Any] = field(default_factory=list)

    def inputs(self, operator: Any) -> list[int] | None:
        """The inputs of the int8 kernel; None where there is none for this."""
        kind, inputs = self.graph.kind(operator), [int(index) for index in operator.inputs]
        if kind in WEIGHTED:
            return self._weighted(WEIGHTED[kind], inputs)
        if kind in POINTWISE:
            return self._pointwise(inputs)
        if kind == "MEAN" and inputs[0] in self.sources:
            return [self.sources[inputs[0]], inputs[1]]
        return None

    def _pointwise(self, inputs: list[int]) -> list[int] | None:
        """Operands, of which one may be a constant."""
        found = []
        for tensor in inputs:
            array = self.graph.constant(tensor) if self.graph.is_float(tensor) else None
            integers = None if array is None else lossless(array, ())
            made = None if integers is None else store(self.graph, tensor, integers)
            found.append(self.sources.get(tensor) if made is None else made)
        return None if None in found else [tensor for tensor in found if tensor is not None]

    def _weighted(self, at: Weighted, inputs: list[int]) -> list[int] | None:
        """Activations, weights, and a bias in the scale of the sums of their products.

        Weights of more than 8 bits, as bytes less their zero point are, become two halves:
        CONV_2D(x | x, first | second).
        """
        x = self.sources.get(inputs[at.x])
        integers = self._integers(inputs[at.weights], at)
        of = None if x is None else parameters(self.graph, x)
        if x is None or of is None or integers is None:
            return None
        found, parts = list(inputs), halves(integers)
        if len(inputs) > at.bias and inputs[at.bias] >= 0:
            bias = self._bias(inputs[at.bias], of, integers)
            if bias is None:
                return None
            found[at.bias] = bias
        whole = replace(integers, values=np.concatenate(parts, -1))
        found[at.x] = self._twice(x, of) if len(parts) > 1 else x
        found[at.weights] = store(self.graph, inputs[at.weights], whole)
        return found

    def _twice(self, x: int, of: Parameters) -> int:
        """X [..., K] twice, as [..., 2 K]."""
        if x not in self.twice:
            *rest, count = self.graph.shape(x)
            made = self.graph.add_tensor(f"{self.graph.name(x)}{STEP}", [*rest, 2 * count], INT8)
            set_parameters(self.graph, made, of)
            options = schema.ConcatenationOptionsT()
            options.axis = len(rest)
            self.made.append(self.graph.operator("CONCATENATION", [x, x], made, options, version=2))
            self.twice[x] = made
        return self.twice[x]

    def _bias(self, tensor: int, of: Parameters, integers: Integers) -> int | None:
        bias = self.graph.constant(tensor)
        if bias is None:
            return None
        steps = np.float64(of.scale) * integers.scales.astype(np.float64)
        whole = np.rint(bias / steps)
        if np.abs(whole).max(initial=0) > LARGEST_BIAS:
            return None
        made = self.graph.add_constant(f"{self.graph.name(tensor)};int32", whole.astype(np.int32))
        self.graph.set_scales(made, steps.astype(np.float32), [0] * len(steps))
        return made

    def _integers(self, tensor: int, at: Weighted) -> Integers | None:
        if tensor not in self.weights:
            array = self.graph.constant(tensor) if self.graph.is_float(tensor) else None
            found = None if array is None else lossless(array, (at.axis,))
            if array is not None and found is None and at.may_be_halves:
                found = lossless(array, (at.axis,), LARGEST_SUM)
            self.weights[tensor] = found
        return self.weights[tensor]


def store(graph: Graph, tensor: int, integers: Integers) -> int:
    """Store the integers of a constant; returns their tensor."""
    made = graph.add_constant(f"{graph.name(tensor)};int8", integers.values.astype(np.int8))
    zeros = [0] * len(integers.scales) if integers.zero_points is None else integers.zero_points
    graph.set_scales(made, integers.scales, list(zeros), integers.axis)
    return made
