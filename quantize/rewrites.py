"""Exact rewrites of the graph in a `.tflite` into what XNNPACK runs, in float and in int8.

They act on the flatbuffer, behind TensorFlow's optimiser, which would undo some of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from decant.runtime_facts import CONCATENATION_INPUTS, ROW_CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from decant.flatbuffer.graph import Graph

# Values of a constant that is repeated for a row; more would show in the file's size.
LONGEST_ROW = 4096
PER_CHANNEL = ("ADD", "MUL", "SUB")


def apply(graph: Graph) -> dict[str, int]:
    """Apply every rewrite in place; returns how often each one did that applied."""
    counts = {rewrite.__name__: rewrite(graph) for rewrite in REWRITES}
    return {name: count for name, count in counts.items() if count}


def drop_unread(graph: Graph) -> int:
    """Drop operators whose results nothing reads.

    The quantizer takes what nothing reads for float even where the operator becomes int8, and
    LiteRT refuses such a file.
    """
    before = len(graph.operators)
    read = set(graph.outputs)
    kept = []
    for operator in reversed(graph.operators):
        written = [int(index) for index in operator.outputs]
        # One without a result is there for what it does to a variable.
        if not written or read.intersection(written):
            read.update(int(index) for index in operator.inputs)
            kept.append(operator)
    graph.subgraph.operators = kept[::-1]
    return before - len(kept)


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
    whole = (
        rows.is_integer()
        and columns.is_integer()
        and 1 < max(rows, columns) <= CONCATENATION_INPUTS
    )
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


def constants_by_rows(graph: Graph) -> int:
    """Apply a constant of few channels to whole rows of an image.

    Before: SUB(x: [N, H, W, C], constant: [C])
    After:  RESHAPE x to [N, H, W·C], SUB(…, constant repeated W times), RESHAPE to [N, H, W, C]

    Likewise ADD and MUL. The normalisation of camera pixels is such an operator.
    """
    found = [op for op in graph.operators if _constant_operand(graph, op) is not None]
    for operator in found:
        graph.replace(operator, _by_rows(graph, operator))
    return len(found)


def _constant_operand(graph: Graph, operator: Any) -> int | None:
    """Return which operand is a constant of few channels, or None."""
    result = int(operator.outputs[0])
    shape = graph.shape(result)
    if graph.kind(operator) not in PER_CHANNEL or len(shape) != 4 or not graph.is_float(result):
        return None
    channels, row = shape[3], shape[2] * shape[3]
    if min(shape) < 1 or not 1 < channels <= ROW_CHANNELS or row > LONGEST_ROW or shape[2] == 1:
        return None
    for at, (tensor, other) in enumerate(zip(operator.inputs, operator.inputs[::-1], strict=True)):
        value = graph.constant(int(tensor))
        if value is not None and value.size == channels == value.shape[-1]:
            return at if graph.shape(int(other)) == shape else None
    return None


def _by_rows(graph: Graph, operator: Any) -> list[Any]:
    at = _constant_operand(graph, operator)
    assert at is not None
    constant, x = int(operator.inputs[at]), int(operator.inputs[1 - at])
    result = int(operator.outputs[0])
    n, h, w, c = graph.shape(result)
    name = graph.name(result)
    flat = graph.add_tensor(f"{name}/rows", (n, h, w * c))
    changed = graph.add_tensor(f"{name}/changed_rows", (n, h, w * c))
    per_channel = graph.constant(constant)
    assert per_channel is not None
    repeated = graph.add_constant(f"{graph.name(constant)}/row", np.tile(per_channel.ravel(), w))
    operands = [repeated, flat] if at == 0 else [flat, repeated]
    return [
        _reshape(graph, x, (n, h, w * c), flat),
        graph.operator(graph.kind(operator), operands, changed, operator.builtinOptions),
        _reshape(graph, changed, (n, h, w, c), result),
    ]


REWRITES: tuple[Callable[[Graph], int], ...] = (
    drop_unread,
    nearest_by_concatenation,
    dequantize_pixels,
    constants_by_rows,
)
