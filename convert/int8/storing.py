"""Stores weights of float operators as int8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .kernels import store
from .weights import SPAN, Integers, as_bytes, lossless

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from decant.flatbuffer import Graph

SMALLEST = 1024
"""Fewer weights are not worth an operator."""


def store_integers(graph: Graph) -> None:
    """Store as int8 the float constants that lose nothing by it.

    Before: FULLY_CONNECTED(x, W: float)
    After:  FULLY_CONNECTED(x, DEQUANTIZE(W: int8)), which XNNPACK and LiteRT compute once
    """
    made = []
    for tensor in sorted(graph.readers()):
        array = graph.constant(tensor) if tensor >= 0 and graph.is_float(tensor) else None
        if array is None or array.size < SMALLEST or tensor in graph.outputs:
            continue
        integers = _integers(array)
        if integers is not None:
            stored = store(graph, tensor, integers)
            graph.forget_constant(tensor)
            made.append(graph.operator("DEQUANTIZE", [stored], tensor))
    graph.subgraph.operators = [*made, *graph.operators]


def _integers(array: NDArray[Any]) -> Integers | None:
    """The weights as int8, symmetric if they can be."""
    axes = tuple(dict.fromkeys((0, array.ndim - 1)))
    found = lossless(array, axes)
    if found is None:
        wide = lossless(array, axes, SPAN)
        found = None if wide is None else as_bytes(wide)
    return found
