"""Takes out of the loops of a `.tflite` file what only counts along.

TensorFlow gives every loop a counter beside the one that the loop itself keeps. Both are operators
outside of XNNPACK, and a WHILE copies what it carries: in a loop of two recurrent steps the second
counter is 4 % of the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from decant.flatbuffer import Graph
from decant.flatbuffer.packing import drop_tensors


@dataclass(frozen=True, slots=True)
class _Loop:
    """A WHILE, the graph that it is in, and the graphs that it runs."""

    graph: Graph
    operator: Any
    condition: Graph
    body: Graph


def drop_unread(model: Any) -> None:
    """Take the variables out of every WHILE that no result and no condition depends on.

    Before: number, counter = WHILE(number + 1, counter + 1 while number < 8); y = f(number)
    After:  number = WHILE(number + 1 while number < 8); y = f(number)

    Loops that share a graph stay as they are.

    Args:
        model: The file, as `flatbuffer_utils` reads it; changed in place.
    """
    loops = list(_loops(model))
    runs = Counter(id(each.subgraph) for loop in loops for each in (loop.condition, loop.body))
    for loop in reversed(loops):  # those inside of others first
        if runs[id(loop.condition.subgraph)] == runs[id(loop.body.subgraph)] == 1:
            _drop(loop)
    if loops:
        drop_tensors(model)


def _loops(model: Any) -> Iterator[_Loop]:
    for number in range(len(model.subgraphs)):
        graph = Graph(model, number)
        for operator in graph.operators:
            if graph.kind(operator) == "WHILE":
                options = operator.builtinOptions
                numbers = (options.condSubgraphIndex, options.bodySubgraphIndex)
                yield _Loop(graph, operator, *(Graph(model, each) for each in numbers))


def _drop(loop: _Loop) -> None:
    kept = _kept(loop)
    if len(kept) == len(loop.body.inputs):
        return
    for owner in (loop.operator, loop.body.subgraph):
        owner.inputs = [int(owner.inputs[at]) for at in kept]
        owner.outputs = [int(owner.outputs[at]) for at in kept]
    condition = loop.condition.subgraph
    condition.inputs = [int(condition.inputs[at]) for at in kept]
    read = _read_for(loop.body, set(loop.body.outputs))
    loop.body.subgraph.operators = [each for each in loop.body.operators if _counts(each, read)]


def _kept(loop: _Loop) -> list[int]:
    """Variables that something outside, the condition or a variable that is kept depends on."""
    outside = {*_operands(loop.graph), *loop.graph.outputs}
    asked = {*_operands(loop.condition), *loop.condition.outputs}
    pairs = zip(loop.operator.outputs, loop.condition.inputs, strict=True)
    kept = {at for at, (output, known) in enumerate(pairs) if output in outside or known in asked}
    while True:
        read = _read_for(loop.body, {loop.body.outputs[at] for at in kept})
        more = {at for at, tensor in enumerate(loop.body.inputs) if tensor in read}
        if more <= kept:
            return sorted(kept)
        kept |= more


def _operands(graph: Graph) -> set[int]:
    return {int(tensor) for operator in graph.operators for tensor in operator.inputs}


def _read_for(graph: Graph, results: set[int]) -> set[int]:
    """Tensors that results depend on, themselves among them."""
    read = set(results)
    for operator in reversed(graph.operators):
        if _counts(operator, read):
            read.update(int(tensor) for tensor in operator.inputs)
    return read


def _counts(operator: Any, read: set[int]) -> bool:
    """Whether a result depends on an operator; one without results acts on something else."""
    return not len(operator.outputs) or any(int(tensor) in read for tensor in operator.outputs)
