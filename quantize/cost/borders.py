"""What passing between floats and integers costs, by the number of values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer.graph import Graph, empty_graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.runtime_profile import OperatorTime

Passing = Literal["quantize", "dequantize", "table"]
PASSINGS: tuple[Passing, ...] = get_args(Passing)
SIZES = tuple(4**power for power in range(4, 11))
"""Values that are passed in the trial: 256 to 1,048,576, of 4 MB as floats."""
STEP, ZERO_POINT = 0.05, 3
INT8 = np.dtype(np.int8)


@dataclass(frozen=True, slots=True)
class Borders:
    """Times of passing between floats and integers.

    Attributes:
        ms: By what is done, one for each of `SIZES`. A table takes the place of a unary operator
            between a DEQUANTIZE and a QUANTIZE.
    """

    ms: Mapping[Passing, Sequence[float]]

    def time_ms(self, passing: Passing, values: int) -> float:
        """Give the time for so many values, by straight lines between what was measured."""
        times = self.ms[passing]
        if values > SIZES[-1]:
            return float(times[-1] * values / SIZES[-1])
        return float(np.interp(values, SIZES, times))


def border_files() -> dict[str, bytes]:
    """Make the files of the trial, one for each way of passing, by its name."""
    return {passing: _trial(passing) for passing in PASSINGS}


def border_times(passing: Passing, times: Sequence[OperatorTime]) -> tuple[float, ...]:
    """Read the times of one of the files, in the order of `SIZES`."""
    if len(times) != len(SIZES):
        raise AssertionError(f"{passing}: {len(times)} operators, not one for each size")
    return tuple(time.ms for time in times)


def _trial(passing: Passing) -> bytes:
    """Pass tensors of all sizes, each by itself."""
    graph = empty_graph(*((1, size) for size in SIZES))
    outputs = []
    for at, size in enumerate(SIZES):
        if passing != "quantize":
            graph.set_dtype(at, INT8)
            graph.set_scales(at, [STEP], [ZERO_POINT])
        outputs.append(_passed(graph, passing, at, (1, size)))
    graph.subgraph.outputs = outputs
    graph.ensure_signature()
    return graph.to_bytes()


def _passed(graph: Graph, passing: Passing, x: int, shape: Sequence[int]) -> int:
    if passing == "quantize":
        return _integers(graph, x, shape)
    real = _appended(graph, "DEQUANTIZE", x, shape, schema.DequantizeOptionsT())
    if passing == "dequantize":
        return real
    return _integers(graph, _appended(graph, "HARD_SWISH", real, shape), shape)


def _integers(graph: Graph, x: int, shape: Sequence[int]) -> int:
    made = _appended(graph, "QUANTIZE", x, shape, schema.QuantizeOptionsT())
    graph.set_dtype(made, INT8)
    graph.set_scales(made, [STEP], [ZERO_POINT])
    return made


def _appended(
    graph: Graph, kind: str, x: int, shape: Sequence[int], options: Any | None = None
) -> int:
    made = graph.add_tensor(kind.lower(), shape)
    operator = graph.operator(kind, [x], made, options)
    graph.subgraph.operators = [*graph.operators, operator]
    return made
