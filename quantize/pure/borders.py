"""Inputs and outputs of integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .folding import join_passings
from .integers import Integers, dequantization, quantization

if TYPE_CHECKING:
    from collections.abc import Mapping

    from decant.flatbuffer.graph import Graph

    from ..ranges import Range


def integer_borders(graph: Graph, ranges: Mapping[str, Range], *, symmetric: bool = False) -> None:
    """Let a file take and give int8 where it took and gave floats, under the same names.

    Before: x → QUANTIZE → int8 … int8 → DEQUANTIZE → y
    After:  x: int8 … y: int8

    What is float inside reads x through a DEQUANTIZE. A float input or output without a range stays
    as it is.

    Args:
        graph: The file; changed.
        ranges: Of activations, by name.
        symmetric: Whether zero points are 0 where nothing has decided.
    """
    integers = Integers(graph, ranges, symmetric=symmetric)
    for tensor in graph.inputs:
        if graph.is_float(tensor):
            _take_integers(integers, tensor)
    _give_integers(integers)
    join_passings(graph)


def _take_integers(integers: Integers, tensor: int) -> None:
    """Make an input int8; a tensor that nothing else knows takes the floats' place."""
    graph = integers.graph
    steps = integers.steps(tensor)
    if steps is None:
        return
    name = graph.name(tensor)
    made = integers.declare(tensor, steps)
    graph.rename(tensor, f"{name}_float")
    graph.rename(made, name)
    graph.replace_input(tensor, made)
    passing = dequantization(graph, made, tensor)
    graph.subgraph.operators = [passing, *graph.operators]
    if tensor in graph.outputs:
        integers.forms[tensor] = made


def _give_integers(integers: Integers) -> None:
    """Make the outputs int8."""
    graph = integers.graph
    outputs = dict(graph.signature_outputs())
    made: dict[int, int] = {}
    for key, tensor in outputs.items():
        if graph.is_float(tensor):
            made.setdefault(tensor, _given(integers, tensor))
            outputs[key] = made[tensor]
    graph.set_outputs(outputs)


def _given(integers: Integers, tensor: int) -> int:
    """Give the int8 form of an output, under its name."""
    graph, name = integers.graph, integers.graph.name(tensor)
    form, steps = integers.forms.get(tensor), integers.steps(tensor)
    if form is None or not graph.is_int8(form):
        if steps is None:
            return tensor
        form = integers.declare(tensor, steps)
        graph.subgraph.operators = [*graph.operators, quantization(graph, tensor, form)]
    if form in graph.inputs or form in graph.outputs:
        return form
    graph.copy_shape(graph, tensor, form)
    graph.rename(tensor, f"{name}_float")
    graph.rename(form, name)
    return form
