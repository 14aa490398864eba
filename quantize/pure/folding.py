"""Makes int8 of what the library leaves float between integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from .integers import Integers, dequantization, quantization, steps_of, written_from
from .kernels import KERNELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from decant.flatbuffer.graph import Graph

    from ..ranges import Range
    from .kernels import Kernel, Steps

PASSING = ("QUANTIZE", "DEQUANTIZE")
# A uint8 value less this is the int8 value that stands for the same.
HALF = 128


def fold(graph: Graph, ranges: Mapping[str, Range], *, symmetric: bool = False) -> None:
    """Let float operators compute integers where LiteRT has a kernel of theirs.

    Before: x: int8 → DEQUANTIZE → LEAKY_RELU → QUANTIZE → y: int8
    After:  x: int8 → LEAKY_RELU → y: int8

    What there is no kernel of, or no range, stays as it is.

    Args:
        graph: What the library has made; changed.
        ranges: Of activations, by the names of the float file.
        symmetric: Whether zero points are 0 where the kernel leaves them open.
    """
    integers = Integers(graph, ranges, symmetric=symmetric)
    folded: list[Any] = []
    for operator in graph.operators:
        folded.extend(_pixels(integers, operator) or _integer_form(integers, operator))
    graph.subgraph.operators = folded
    join_passings(graph)


def join_passings(graph: Graph) -> None:
    """Drop the way from integers to floats and back.

    Before: x: int8 → DEQUANTIZE → QUANTIZE → y: int8
    After:  x: int8, or x → QUANTIZE → y where the scales differ
    """
    source = written_from(graph, "DEQUANTIZE")
    same: dict[int, int] = {}
    kept = []
    for operator in graph.operators:
        operator.inputs = [same.get(int(index), int(index)) for index in operator.inputs]
        if graph.kind(operator) == "QUANTIZE" and operator.inputs[0] in source:
            integers, written = source[operator.inputs[0]], int(operator.outputs[0])
            integers = same.get(integers, integers)
            if _alike(graph, integers, written) and written not in graph.outputs:
                same[written] = integers
                continue
            operator.inputs = [integers]
        kept.append(operator)
    graph.subgraph.operators = kept
    _drop_unread(graph)


def _drop_unread(graph: Graph) -> None:
    """Drop a QUANTIZE or DEQUANTIZE that nothing reads."""
    count = -1
    while count != len(graph.operators):
        count = len(graph.operators)
        read = {*graph.readers(), *graph.outputs}
        graph.subgraph.operators = [
            operator
            for operator in graph.operators
            if graph.kind(operator) not in PASSING or int(operator.outputs[0]) in read
        ]


def _alike(graph: Graph, one: int, other: int) -> bool:
    """Whether two tensors have one type and scale."""
    types = [graph.subgraph.tensors[tensor].type for tensor in (one, other)]
    return types[0] == types[1] and steps_of(graph, one) == steps_of(graph, other)


def _pixels(integers: Integers, operator: Any) -> list[Any]:
    """Hand pixels on as int8.

    Before: x: uint8 → CAST → y: float
    After:  x: uint8 of scale 1 → QUANTIZE → int8 of scale 1 → DEQUANTIZE → y, which is exact
    """
    graph = integers.graph
    if graph.kind(operator) not in ("CAST", "DEQUANTIZE"):
        return []
    read, written = int(operator.inputs[0]), int(operator.outputs[0])
    if not graph.is_uint8(read) or not graph.is_float(written):
        return []
    if steps_of(graph, read) is None:
        graph.identify_integers(read)
    scale, zero_point = steps_of(graph, read) or (1.0, 0)
    made = integers.declare(written, (scale, zero_point - HALF))
    integers.forms[written] = made
    return [quantization(graph, read, made), dequantization(graph, made, written)]


def _integer_form(integers: Integers, operator: Any) -> list[Any]:
    """Give what computes the same in integers; the operator itself where nothing does."""
    graph = integers.graph
    kernel = KERNELS.get(graph.kind(operator))
    floats = [int(t) for t in operator.inputs if t >= 0 and graph.is_float(int(t))]
    if graph.kind(operator) == "DEQUANTIZE":
        integers.forms[int(operator.outputs[0])] = int(operator.inputs[0])
    if kernel is None or not floats or graph.kind(operator) in PASSING:
        return [operator]
    steps = _result_steps(integers, kernel, operator, floats)
    if steps is None and any(graph.is_float(int(t)) for t in operator.outputs):
        return [operator]
    return _folded(integers, kernel, operator, steps)


def _result_steps(
    integers: Integers, kernel: Kernel, operator: Any, floats: list[int]
) -> Steps | None:
    """Give the steps of an operator's result; None where something has no known range."""
    known = [integers.steps(tensor) for tensor in floats if integers.graph.constant(tensor) is None]
    if None in known:
        return None
    if kernel.scales == "input":
        return known[0] if known else None
    return kernel.result or integers.steps(int(operator.outputs[0]))


def _folded(integers: Integers, kernel: Kernel, operator: Any, steps: Steps | None) -> list[Any]:
    graph = integers.graph
    asked = steps if kernel.scales == "output" else None
    before: list[Any] = []
    read = [_read(integers, int(tensor), asked, before) for tensor in operator.inputs]
    after = []
    outputs = [int(tensor) for tensor in operator.outputs]
    for at, tensor in enumerate(outputs):
        if steps is not None and graph.is_float(tensor):
            outputs[at] = integers.declare(tensor, steps)
            integers.forms[tensor] = outputs[at]
            after.append(dequantization(graph, outputs[at], tensor))
    made = _replacement(integers, kernel, operator, read, outputs)
    return [*before, made, *after]


def _read(integers: Integers, tensor: int, asked: Steps | None, before: list[Any]) -> int:
    """Give the int8 form of what an operator reads, with the steps asked for if there are any."""
    graph = integers.graph
    if tensor < 0 or not graph.is_float(tensor):
        return tensor
    if graph.constant(tensor) is not None:
        return integers.constant(tensor, asked)
    steps = asked or integers.steps(tensor)
    assert steps is not None
    form = integers.forms.get(tensor)
    if form is not None and steps_of(graph, form) == steps:
        return form
    made = integers.declare(tensor, steps)
    before.append(quantization(graph, tensor if form is None else form, made))
    return made


def _replacement(
    integers: Integers, kernel: Kernel, operator: Any, read: list[int], outputs: list[int]
) -> Any:
    """Make the operator that computes the integers."""
    graph = integers.graph
    if not kernel.multiplies:
        made = graph.operator(
            graph.kind(operator), read, outputs[0], operator.builtinOptions, kernel.version
        )
        made.outputs = outputs
        return made
    second = read[0]
    if kernel.factor is not None:
        value = np.full((), kernel.factor, np.float32)
        second = integers.constant(graph.add_constant("factor", value))
    options = schema.MulOptionsT()
    return graph.operator("MUL", [read[0], second], outputs[0], options, kernel.version)
