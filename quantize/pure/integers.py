"""The int8 forms of a file's float tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.flatbuffer.packing import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from decant.flatbuffer.graph import Graph

    from ..ranges import Range
    from .kernels import Steps

LEAST, MOST = -128, 127
# Of a constant that is zero throughout: any scale says so.
ANY_SCALE = 1.0
SUFFIX = "_int8"


class Integers:
    """Which int8 tensor holds the values of a float one; makes what is missing.

    Attributes:
        graph: The file, of which a part is int8.
        forms: Float tensor → the int8 tensor that it is dequantized from.
    """

    def __init__(self, graph: Graph, ranges: Mapping[str, Range], *, symmetric: bool) -> None:
        self.graph = graph
        self.forms = written_from(graph, "DEQUANTIZE")
        self._ranges, self._symmetric = ranges, symmetric
        rounded = {read: made for made, read in written_from(graph, "QUANTIZE").items()}
        self._rounded = {t: made for t, made in rounded.items() if graph.is_int8(made)}

    def steps(self, tensor: int) -> Steps | None:
        """Give the steps that a float tensor has or can have as int8; None: not known."""
        made = self.forms.get(tensor, self._rounded.get(tensor))
        if made is not None and self.graph.is_int8(made):
            return steps_of(self.graph, made)
        span = self._ranges.get(self.graph.name(tensor))
        return None if span is None else _steps(*span, symmetric=self._symmetric)

    def declare(self, tensor: int, steps: Steps) -> int:
        """Declare the int8 form of a float tensor; nothing computes it yet."""
        name = self.graph.name(tensor) + SUFFIX
        made = self.graph.add_tensor(name, self.graph.shape(tensor), np.dtype(np.int8))
        self.graph.set_scales(made, [steps[0]], [steps[1]])
        return made

    def constant(self, tensor: int, steps: Steps | None = None) -> int:
        """Store a float constant as int8; with symmetric steps of its own if none are given."""
        values = self.graph.constant(tensor)
        assert values is not None
        if steps is None:
            steps = (float(np.abs(values).max(initial=0)) / MOST or ANY_SCALE, 0)
        made = self.declare(tensor, steps)
        rounded = np.rint(values / np.float32(steps[0])) + steps[1]
        self.graph.store(made, np.clip(rounded, LEAST, MOST).astype(np.int8))
        return made


def written_from(graph: Graph, kind: str) -> dict[int, int]:
    """Map what each operator of a kind writes to what it reads."""
    return {
        int(operator.outputs[0]): int(operator.inputs[0])
        for operator in graph.operators
        if graph.kind(operator) == kind
    }


def steps_of(graph: Graph, tensor: int) -> Steps | None:
    """Give the scale and zero point of a tensor of one scale."""
    parameters = graph.subgraph.tensors[tensor].quantization
    scale = graph.scale(tensor)
    return None if scale is None else (scale, int(listed(parameters.zeroPoint)[0]))


def quantization(graph: Graph, read: int, written: int) -> Any:
    """Make the QUANTIZE of floats or of integers of another scale."""
    return graph.operator("QUANTIZE", [read], written, version=2)


def dequantization(graph: Graph, read: int, written: int) -> Any:
    """Make the DEQUANTIZE of integers."""
    return graph.operator("DEQUANTIZE", [read], written, version=2)


def _steps(low: float, high: float, *, symmetric: bool) -> Steps:
    """Give the steps that span a range and zero, as the library does."""
    low, high = min(low, 0.0), max(high, 0.0)
    if symmetric:
        return max(-low, high) / MOST or ANY_SCALE, 0
    scale = (high - low) / (MOST - LEAST) or ANY_SCALE
    return scale, int(np.clip(np.rint(LEAST - low / scale), LEAST, MOST))
