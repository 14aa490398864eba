"""Lets operators that only move numbers move int8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .wiring import dequantized, drop_unread, int8_like, parameters, sole_quantize

if TYPE_CHECKING:
    from decant.flatbuffer import Graph

FIRST_INPUT = frozenset({
    "DEPTH_TO_SPACE", "EXPAND_DIMS", "GATHER", "MAX_POOL_2D", "MIRROR_PAD", "PAD", "RESHAPE",
    "RESIZE_NEAREST_NEIGHBOR", "SLICE", "SPACE_TO_DEPTH", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE",
    "UNPACK",
})  # fmt: skip
"""Kinds whose first input alone is data."""
EVERY_INPUT = frozenset({"CONCATENATION", "PACK"})


def data_inputs(graph: Graph, operator: Any) -> list[int]:
    """The tensors that an operator only moves; none where it computes."""
    kind, options = graph.kind(operator), operator.builtinOptions
    if getattr(options, "fusedActivationFunction", 0):
        return []
    inputs = [int(index) for index in operator.inputs]
    if kind in FIRST_INPUT:
        return inputs[:1]
    if kind in EVERY_INPUT:
        return inputs
    if kind == "PADV2":
        return [inputs[0], inputs[2]]
    return inputs[-1:] if kind == "SPLIT" else []


def move_integers(graph: Graph) -> None:
    """Quantize before what only moves, and dequantize after it, as long as anything changes."""
    while any([_lift(graph), _join(graph), _sink(graph)]):
        drop_unread(graph)


def _lift(graph: Graph) -> bool:
    """Quantize before moving.

    Before: RESHAPE(x: float) → QUANTIZE
    After:  QUANTIZE(x) → RESHAPE
    """
    changed, readers = False, graph.readers()
    for operator in reversed(list(graph.operators)):
        data, outputs = data_inputs(graph, operator), [int(index) for index in operator.outputs]
        if not data or len(outputs) > 1 or not graph.is_float(outputs[0]):
            continue
        quantize = sole_quantize(graph, outputs[0], readers)
        if quantize is not None:
            _quantize_inputs(graph, operator, data, int(quantize.outputs[0]))
            graph.replace(quantize, [])
            changed, readers = True, graph.readers()
    return changed


def _quantize_inputs(graph: Graph, operator: Any, data: list[int], result: int) -> None:
    """Let an operator make `result` of integers in the scale of this."""
    of = parameters(graph, result)
    assert of is not None
    made, integers = [], {}
    for tensor in dict.fromkeys(data):
        stored = graph.constant(tensor)
        if stored is not None:
            integers[tensor] = graph.add_constant(
                f"{graph.name(tensor)};int8", of.quantized(stored)
            )
            graph.set_scales(integers[tensor], [of.scale], [of.zero_point])
        else:
            integers[tensor] = int8_like(graph, tensor, of)
            made.append(graph.operator("QUANTIZE", [tensor], integers[tensor]))
    operator.inputs = [integers.get(int(index), int(index)) for index in operator.inputs]
    operator.outputs = [result]
    graph.replace(operator, [*made, operator])


def _join(graph: Graph) -> bool:
    """Scale integers to integers where floats stand between.

    Before: x: int8 → DEQUANTIZE → QUANTIZE → y: int8 → …
    After:  x → … where the scales are equal, else x → QUANTIZE → y → …
    """
    changed, sources = False, dequantized(graph)
    replaced: dict[int, int] = {}
    for operator in list(graph.operators):
        operator.inputs = [replaced.get(int(index), int(index)) for index in operator.inputs]
        if graph.kind(operator) != "QUANTIZE" or int(operator.inputs[0]) not in sources:
            continue
        x, y = sources[int(operator.inputs[0])], int(operator.outputs[0])
        x = replaced.get(x, x)
        changed = True
        if parameters(graph, x) == parameters(graph, y) and y not in graph.outputs:
            replaced[y] = x
            graph.replace(operator, [])
        else:
            operator.inputs = [x]
    return changed


def _sink(graph: Graph) -> bool:
    """Dequantize after moving.

    Before: DEQUANTIZE(x: int8) → RESHAPE
    After:  RESHAPE(x) → DEQUANTIZE
    """
    changed, sources = False, dequantized(graph)
    for operator in list(graph.operators):
        data, outputs = data_inputs(graph, operator), [int(index) for index in operator.outputs]
        if not data or not all(tensor in sources for tensor in data):
            continue
        scales = {parameters(graph, sources[tensor]) for tensor in data}
        (of, *others) = scales
        if others or of is None:
            continue
        operator.inputs = [sources.get(int(index), int(index)) for index in operator.inputs]
        moved = [int8_like(graph, tensor, of) for tensor in outputs]
        operator.outputs = moved
        back = [graph.operator("DEQUANTIZE", [i], o) for i, o in zip(moved, outputs, strict=True)]
        graph.replace(operator, [operator, *back])
        sources.update(zip(outputs, moved, strict=True))
        changed = True
    return changed
