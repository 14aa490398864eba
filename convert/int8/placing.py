"""Puts QUANTIZE and DEQUANTIZE where a file has markers, of int8 wherever that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .moves import data_inputs
from .names import DEQUANTIZE, MARKERS, QUANTIZE
from .wiring import (
    INT8,
    SIGN_BIT,
    UINT8,
    NoKernel,
    Parameters,
    int8_like,
    parameters,
    set_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from decant.flatbuffer import Graph

SCALED_KINDS = ("QUANTIZE", "DEQUANTIZE")


def place(graph: Graph, names: Mapping[int, str]) -> None:
    """Replace the markers of scales that are known, and name what all of them make.

    Args:
        graph: The file.
        names: A marker's number → the name of its result.

    Raises:
        NoKernel: One tensor of integers is read by two scales.
    """
    for operator in list(graph.operators):
        kind = graph.kind(operator)
        if kind not in MARKERS:
            continue
        x, *given, number = (int(index) for index in operator.inputs)
        result = int(operator.outputs[0])
        name = names.get(int(_number(graph, number)))
        if name is not None:
            graph.rename(result, name)
        if kind in (QUANTIZE, DEQUANTIZE):
            of = Parameters(float(_number(graph, given[0])), int(_number(graph, given[1])))
            _scale(graph, result if kind == QUANTIZE else x, of)
            made = graph.operator(kind.removeprefix("decant.").upper(), [x], result)
            graph.replace(operator, [made])
    _carry_scales(graph)
    _make_signed(graph)
    _border_bytes(graph)


def _number(graph: Graph, tensor: int) -> Any:
    value = graph.constant(tensor)
    if value is None:
        raise NoKernel(f"{graph.name(tensor)} is computed, and was a constant")
    return value


def _scale(graph: Graph, tensor: int, of: Parameters) -> None:
    known = parameters(graph, tensor)
    if known not in (None, of):
        raise NoKernel(f"{graph.name(tensor)} is read by another scale than it was quantized by")
    set_parameters(graph, tensor, of)


def _carry_scales(graph: Graph) -> None:
    """Give integers that were only moved the scale of those that they were."""
    for operators in (graph.operators, graph.operators[::-1]):
        for operator in operators:
            known = [tensor for tensor in _moved(graph, operator) if parameters(graph, tensor)]
            of = parameters(graph, known[0]) if known else None
            for tensor in _moved(graph, operator):
                if of is not None and graph.dtype(tensor) in (INT8, UINT8):
                    _scale(graph, tensor, of)


def _moved(graph: Graph, operator: Any) -> list[int]:
    """The tensors of data of an operator that only moves them."""
    data = data_inputs(graph, operator)
    return [*data, *(int(index) for index in operator.outputs)] if data else []


def _make_signed(graph: Graph) -> None:
    """Make uint8 tensors int8, of a zero point 128 less, where nothing reads bytes as such."""
    for group in _groups(graph):
        if _is_open(graph, group):
            continue
        for tensor in group:
            _flip_sign(graph, tensor)


def _groups(graph: Graph) -> Iterator[set[int]]:
    """Tensors of scaled bytes, together with those that they are moved to."""
    scaled = [i for i in range(len(graph.subgraph.tensors)) if _is_byte(graph, i)]
    group_of = {tensor: {tensor} for tensor in scaled}
    for operator in graph.operators:
        moved = [tensor for tensor in _moved(graph, operator) if tensor in group_of]
        for tensor in moved[1:]:
            if group_of[tensor] is not group_of[moved[0]]:
                group_of[moved[0]] |= group_of[tensor]
                for each in group_of[moved[0]]:
                    group_of[each] = group_of[moved[0]]
    seen: set[int] = set()
    for tensor in scaled:
        if tensor not in seen:
            seen |= group_of[tensor]
            yield group_of[tensor]


def _is_byte(graph: Graph, tensor: int) -> bool:
    return graph.is_uint8(tensor) and parameters(graph, tensor) is not None


def _is_open(graph: Graph, group: set[int]) -> bool:
    """Whether something sees the bytes of these tensors themselves."""
    if group.intersection((*graph.inputs, *graph.outputs)):
        return True
    for operator in graph.operators:
        touched = group.intersection(int(i) for i in (*operator.inputs, *operator.outputs))
        moves = graph.kind(operator) in SCALED_KINDS or touched <= set(_moved(graph, operator))
        if touched and not moves:
            return True
    return False


def _flip_sign(graph: Graph, tensor: int) -> None:
    of = parameters(graph, tensor)
    assert of is not None
    stored = graph.constant(tensor)
    graph.set_dtype(tensor, INT8)
    set_parameters(graph, tensor, Parameters(of.scale, of.zero_point - SIGN_BIT))
    if stored is not None:
        graph.store(tensor, (stored.astype(np.int16) - SIGN_BIT).astype(np.int8))


def _border_bytes(graph: Graph) -> None:
    """Scale the bytes that stay bytes to int8, so that all that is computed is int8.

    Before: x: uint8 → DEQUANTIZE; QUANTIZE → y: uint8
    After:  x: uint8 → QUANTIZE → int8 → DEQUANTIZE; QUANTIZE → int8 → QUANTIZE → y: uint8
    """
    for operator in list(graph.operators):
        kind, (x,), (y,) = graph.kind(operator), operator.inputs[:1], operator.outputs[:1]
        if kind == "DEQUANTIZE" and _is_byte(graph, x):
            between = _signed_like(graph, x)
            graph.replace(operator, [graph.operator("QUANTIZE", [x], between), operator])
            operator.inputs = [between]
        elif kind == "QUANTIZE" and graph.is_float(x) and _is_byte(graph, y):
            between = _signed_like(graph, y)
            operator.outputs = [between]
            graph.replace(operator, [operator, graph.operator("QUANTIZE", [between], y)])


def _signed_like(graph: Graph, tensor: int) -> int:
    of = parameters(graph, tensor)
    assert of is not None
    return int8_like(graph, tensor, Parameters(of.scale, of.zero_point - SIGN_BIT))
