"""Exact rewrites of the graph in a `.tflite` into what XNNPACK runs, in float and in int8.

They act on the flatbuffer, behind TensorFlow's optimiser, which would undo some of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .flatbuffer import Graph

# XNNPACK's CONCATENATION takes no more inputs.
MOST_COPIES = 5


def apply(graph: Graph) -> dict[str, int]:
    """Apply every rewrite in place; returns how often each one did that applied."""
    counts = {rewrite.__name__: rewrite(graph) for rewrite in REWRITES}
    return {name: count for name, count in counts.items() if count}


def nearest_by_concatenation(graph: Graph) -> int:
    """Repeat rows and columns by concatenation where the factors are whole and at most five.

    Before: RESIZE_NEAREST_NEIGHBOR(x: [N, H, W, C]) to [N, a·H, b·W, C]
    After:  CONCATENATION of x b times along C, RESHAPE to [N, H, b·W, C],
            CONCATENATION a times along W, RESHAPE to [N, a·H, b·W, C]

    XNNPACK has no nearest-neighbour resize, in float or int8; the copies of one tensor share a
    scale, so that nothing is requantized.
    """
    found = [op for op in graph.operators if _factors(graph, op) is not None]
    for operator in found:
        graph.replace(operator, _repeat(graph, operator))
    return len(found)


def _factors(graph: Graph, operator: Any) -> tuple[int, int] | None:
    """Return how often each row and each column is repeated, or None."""
    if graph.kind(operator) != "RESIZE_NEAREST_NEIGHBOR":
        return None
    before = graph.shape(int(operator.inputs[0]))
    after = graph.shape(int(operator.outputs[0]))
    if not graph.is_float(int(operator.inputs[0])):
        return None  # the steps in between are declared as floats
    if any(size < 1 for size in (*before, *after)) or operator.builtinOptions.alignCorners:
        return None
    rows, columns = after[1] / before[1], after[2] / before[2]
    whole = rows.is_integer() and columns.is_integer() and 1 < max(rows, columns) <= MOST_COPIES
    return (int(rows), int(columns)) if whole else None


def _repeat(graph: Graph, operator: Any) -> list[Any]:
    factors = _factors(graph, operator)
    assert factors is not None
    rows, columns = factors
    x, result = int(operator.inputs[0]), int(operator.outputs[0])
    n, h, w, c = graph.shape(x)
    made: list[Any] = []
    if columns > 1:
        wide = (n, h, columns * w, c) if rows > 1 else None
        made += _repeat_along(graph, x, 3, columns, _named(graph, result, "wide", wide))
    if rows > 1:
        source = int(made[-1].outputs[0]) if made else x
        made += _repeat_along(graph, source, 2, rows, result)
    return made


def _named(graph: Graph, result: int, part: str, shape: Sequence[int] | None) -> int:
    """Declare a step towards a result; without a shape it is the result."""
    return result if shape is None else graph.add_tensor(f"{graph.name(result)}/{part}", shape)


def _repeat_along(graph: Graph, x: int, axis: int, times: int, result: int) -> list[Any]:
    """Repeat each index of the axis before `axis`: join copies along `axis`, then split it off."""
    shape = list(graph.shape(x))
    shape[axis] *= times
    copies = graph.add_tensor(f"{graph.name(result)}/copies", shape)
    return [
        _concatenate(graph, [x] * times, axis, copies),
        _reshape(graph, copies, graph.shape(result), result),
    ]


def _concatenate(graph: Graph, inputs: Sequence[int], axis: int, result: int) -> Any:
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    return graph.operator("CONCATENATION", inputs, result, options)


def _reshape(graph: Graph, x: int, shape: Sequence[int], result: int) -> Any:
    options = schema.ReshapeOptionsT()
    options.newShape = list(shape)
    target = graph.add_constant(f"{graph.name(result)}/shape", np.asarray(shape, np.int32))
    return graph.operator("RESHAPE", [x, target], result, options)


def dequantize_pixels(graph: Graph) -> int:
    """Read uint8 pixels with an operator that XNNPACK has.

    Before: CAST(pixels: uint8) → float
    After:  DEQUANTIZE(pixels: uint8, scale 1, zero point 0) → float

    Exact: with scale 1 and zero point 0 an integer stands for itself.
    """
    count = 0
    for cast in [op for op in graph.operators if graph.kind(op) == "CAST"]:
        pixels, real = int(cast.inputs[0]), int(cast.outputs[0])
        if graph.dtype(pixels) != np.uint8 or not graph.is_float(real):
            continue
        graph.identify_integers(pixels)
        options = schema.DequantizeOptionsT()
        graph.replace(cast, [graph.operator("DEQUANTIZE", [pixels], real, options)])
        count += 1
    return count


REWRITES: tuple[Callable[[Graph], int], ...] = (nearest_by_concatenation, dequantize_pixels)
