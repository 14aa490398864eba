"""Multiplies in int8 what is quantized while the network runs, by the limits that it then has.

LiteRT's and XNNPACK's kernels of float activations and int8 weights quantize each row (of a
convolution, each image) between its own limits; ONNX quantizes a tensor between the limits of all.
Where the limits of all stand at the end of every row, against weights of zero, the two are one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer import Graph

from .kernels import store
from .names import DYNAMIC, STEP
from .weights import LARGEST_SUM, Integers, halves, lossless
from .wiring import drop_unread

if TYPE_CHECKING:
    from collections.abc import Sequence

PRODUCTS = ("CONV_2D", "FULLY_CONNECTED")
PASSED = ("EXPAND_DIMS", "PAD", "RESHAPE", "SQUEEZE", "TRANSPOSE")
"""Kinds after which the limits are still the same; those of a marker include 0."""


def quantize_while_running(graph: Graph) -> None:
    """Replace markers before products with constants, in the bodies of loops too.

    Before: FULLY_CONNECTED(marker(x), W: float)
    After:  FULLY_CONNECTED(x | max(x) | min(x), W: int8 | 0 | 0), which quantizes each row

    Weights of more than 8 bits, as bytes less their zero point are, become two halves:
    FULLY_CONNECTED(x | x | max(x) | min(x), first | second | 0 | 0).

    Before: FULLY_CONNECTED(marker(x), W: float), of one row
            CONV_2D(marker(x), W: float), of one image and larger than 1 x 1
    After:  FULLY_CONNECTED(x, W: int8), CONV_2D(x, W: int8)
    """
    for number in range(len(graph.model.subgraphs)):
        _quantize_body(Graph(graph.model, number))


def _quantize_body(graph: Graph) -> None:
    """Replace the markers of one subgraph."""
    sources, products = _markers(graph), _Products(graph)
    for operator in list(graph.operators):
        x = sources.get(int(operator.inputs[0])) if len(operator.inputs) else None
        if x is None:
            continue
        kind = graph.kind(operator)
        weights = graph.constant(int(operator.inputs[1])) if len(operator.inputs) > 1 else None
        if kind == "SHAPE":
            operator.inputs = [x]
        elif kind in PASSED:
            _pass(graph, operator, x, sources)
        elif kind in PRODUCTS and weights is not None and weights.shape[-1] == graph.shape(x)[-1]:
            products.quantize(operator, x, weights)
    if sources:
        drop_unread(graph)


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


@dataclass(frozen=True, slots=True)
class _Products:
    """Makes products int8; what several of them read, as the steps of a loop do, is made once.

    Attributes:
        graph: The subgraph.
        rows: Activations, and how often they lie side by side → these with their limits.
        stored: Float weights, and whether zeros stand behind them → the int8 weights.
    """

    graph: Graph
    rows: dict[tuple[int, int], int] = field(default_factory=dict)
    stored: dict[tuple[int, bool], int] = field(default_factory=dict)

    def quantize(self, operator: Any, x: int, weights: Any) -> None:
        """Let one product quantize x by itself, if its weights were integers."""
        integers = lossless(weights, (0,)) or lossless(weights, (0,), LARGEST_SUM)
        if integers is None:
            return
        count = len(halves(integers))
        limited = count > 1 or not _has_own_limits(self.graph.shape(x), weights)
        if limited:
            if (x, count) not in self.rows:
                self.rows[x, count] = _with_limits(self.graph, operator, x, count)
            x = self.rows[x, count]
        weight, *others = (int(index) for index in operator.inputs[1:])
        operator.inputs = [x, self._stored(weight, integers, limited), *others]
        if self.graph.kind(operator) == "FULLY_CONNECTED":
            operator.builtinOptions.asymmetricQuantizeInputs = True

    def _stored(self, tensor: int, integers: Integers, limited: bool) -> int:
        if (tensor, limited) not in self.stored:
            parts, shape = halves(integers), integers.values.shape
            if limited:
                parts.append(np.zeros((*shape[:-1], 2), np.int16))
            scales = np.broadcast_to(integers.scales, shape[0])
            whole = Integers(np.concatenate(parts, -1), scales, 0)
            self.stored[tensor, limited] = store(self.graph, tensor, whole)
        return self.stored[tensor, limited]


def _has_own_limits(shape: Sequence[int], weights: Any) -> bool:
    """Whether the kernel quantizes x between the limits of all of it: one row, or one image.

    XNNPACK takes the pixels that a 1 x 1 kernel reads for rows.
    """
    if weights.ndim == 4 and weights.shape[1:3] != (1, 1):
        return shape[0] == 1
    return all(size == 1 for size in shape[:-1])


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
