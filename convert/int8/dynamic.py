"""Multiplies in int8 what is quantized while the network runs, by the limits that it then has.

LiteRT's and XNNPACK's kernels of float activations and int8 weights quantize each row (of a
convolution, each image) between its own limits; ONNX quantizes a tensor between the limits of all.
Where the limits of all stand at the end of every row, against weights of zero, the two are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from .kernels import store
from .names import DYNAMIC, STEP
from .weights import LARGEST_SUM, Integers, halves, lossless

if TYPE_CHECKING:
    from decant.flatbuffer import Graph

PRODUCTS = ("CONV_2D", "FULLY_CONNECTED")
PASSED = ("EXPAND_DIMS", "PAD", "RESHAPE", "SQUEEZE", "TRANSPOSE")
"""Kinds after which the limits are still the same; those of a marker include 0."""


def quantize_while_running(graph: Graph) -> None:
    """Replace markers before products with constants.

    Before: FULLY_CONNECTED(marker(x), W: float)
    After:  FULLY_CONNECTED(x | max(x) | min(x), W: int8 | 0 | 0), which quantizes each row

    Weights of more than 8 bits, as bytes less their zero point are, become two halves:
    FULLY_CONNECTED(x | x | max(x) | min(x), first | second | 0 | 0).

    Before: CONV_2D(marker(x), W: float), of one image and larger than 1 x 1
    After:  CONV_2D(x, W: int8)
    """
    sources = _markers(graph)
    rows: dict[tuple[int, int], int] = {}
    for operator in list(graph.operators):
        x = sources.get(int(operator.inputs[0])) if len(operator.inputs) > 1 else None
        if x is None:
            continue
        kind, weights = graph.kind(operator), graph.constant(int(operator.inputs[1]))
        if kind in PASSED:
            _pass(graph, operator, x, sources)
        elif kind in PRODUCTS and weights is not None and weights.shape[-1] == graph.shape(x)[-1]:
            _multiply(graph, operator, x, weights, rows)


def _markers(graph: Graph) -> dict[int, int]:
    """Map what each marker makes to what it reads."""
    return {
        int(op.outputs[0]): int(op.inputs[0]) for op in graph.operators if graph.kind(op) == DYNAMIC
    }


def _pass(graph: Graph, operator: Any, x: int, sources: dict[int, int]) -> None:
    """Move first and quantize then."""
    result = int(operator.outputs[0])
    moved = graph.add_tensor(f"{graph.name(result)}{STEP}", graph.shape(result))
    graph.copy_shape(graph, result, moved)
    made = graph.operator(graph.kind(operator), [x, *operator.inputs[1:]], moved)
    made.builtinOptions, made.builtinOptionsType = (
        operator.builtinOptions,
        operator.builtinOptionsType,
    )
    graph.replace(operator, [made, operator])  # which keeps the marker for other readers
    sources[result] = moved


def _multiply(
    graph: Graph, operator: Any, x: int, weights: Any, rows: dict[tuple[int, int], int]
) -> None:
    integers = lossless(weights, (0,)) or lossless(weights, (0,), LARGEST_SUM)
    if integers is None:
        return
    parts = halves(integers)
    if not _by_image(weights) or len(parts) > 1 or graph.shape(x)[0] != 1:
        if (x, len(parts)) not in rows:
            rows[x, len(parts)] = _with_limits(graph, operator, x, len(parts))
        x = rows[x, len(parts)]
        parts.append(np.zeros((*weights.shape[:-1], 2), np.int16))
    scales = np.broadcast_to(integers.scales, len(weights))
    stored = Integers(np.concatenate(parts, -1), scales, 0)
    operator.inputs[:2] = [x, store(graph, int(operator.inputs[1]), stored)]
    if graph.kind(operator) == "FULLY_CONNECTED":
        operator.builtinOptions.asymmetricQuantizeInputs = True


def _by_image(weights: Any) -> bool:
    """Whether all pixels are quantized between the same limits; XNNPACK takes 1 x 1 for rows."""
    return bool(weights.ndim == 4 and weights.shape[1:3] != (1, 1))


def _with_limits(graph: Graph, before: Any, x: int, copies: int) -> int:
    """Lengthen each row of x [..., K] to [..., copies K + 2], with the limits of all at the end."""
    shape, name = graph.shape(x), f"{graph.name(int(before.inputs[0]))}{STEP}"
    last = len(shape) - 1
    axes = graph.add_constant("axes", np.arange(len(shape), dtype=np.int32))
    made, limits = [], []
    for kind in ("REDUCE_MAX", "REDUCE_MIN"):
        options = schema.ReducerOptionsT()
        options.keepDims = True
        limits.append(graph.add_tensor(name, [1] * len(shape)))
        made.append(graph.operator(kind, [x, axes], limits[-1], options))
    both = graph.add_tensor(name, [*[1] * last, 2])
    made.append(graph.operator("CONCATENATION", limits, both, _joining(last)))
    columns = graph.add_tensor(name, [*shape[:-1], 2])
    made.extend(_repeated(graph, x, both, columns))
    result = graph.add_tensor(name, [*shape[:-1], copies * shape[-1] + 2])
    made.append(graph.operator("CONCATENATION", [*[x] * copies, columns], result, _joining(last)))
    graph.replace(before, [*made, before])
    return result


def _joining(axis: int) -> Any:
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    return options


def _repeated(graph: Graph, x: int, both: int, columns: int) -> list[Any]:
    """Give every row of x [..., K] the limits [..., 2]: by its own zeros, where sizes are free."""
    shape, name = graph.shape(x), graph.name(columns)
    if -1 not in shape:
        target = graph.add_constant("shape", np.array([*shape[:-1], 2], np.int32))
        options = schema.BroadcastToOptionsT()
        return [graph.operator("BROADCAST_TO", [both, target], columns, options, version=2)]
    begin = graph.add_constant("begin", np.zeros(len(shape), np.int32))
    size = graph.add_constant("size", np.array([*[-1] * (len(shape) - 1), 1], np.int32))
    first = graph.add_tensor(name, [*shape[:-1], 1])
    zeros = graph.add_tensor(name, [*shape[:-1], 2])
    zero = graph.add_constant("zero", np.zeros(2, np.float32))
    return [
        graph.operator("SLICE", [x, begin, size], first, schema.SliceOptionsT()),
        graph.operator("MUL", [first, zero], zeros, schema.MulOptionsT()),
        graph.operator("ADD", [zeros, both], columns, schema.AddOptionsT()),
    ]
