"""Stores equal constants of a flatbuffer's object form once."""

from __future__ import annotations

import hashlib
from typing import Any

from .packing import listed


def join_constants(model: Any) -> None:
    """Let constants that are equal share a buffer, in place; the others' buffers become empty.

    As TensorFlow's `deduplicate_readonly_buffers` does, of which the same bytes come, but without
    writing the whole file once more.
    """
    first: dict[tuple[int, bytes], int] = {}
    joined: dict[int, int] = {}
    for buffer in _read_only_buffers(model):
        data = model.buffers[buffer].data
        if buffer >= 0 and data is not None and len(data):
            key = len(data), hashlib.sha256(data).digest()
            joined[buffer] = first.setdefault(key, buffer)
    for graph in model.subgraphs:
        for operator in graph.operators:
            for index in listed(operator.inputs):
                tensor = graph.tensors[index]
                tensor.buffer = joined.get(tensor.buffer, tensor.buffer)
    for buffer, kept in joined.items():
        if buffer != kept:
            model.buffers[buffer].data = None


def _read_only_buffers(model: Any) -> set[int]:
    """The buffers of constants, in an order that decides which of equal ones is kept."""
    return {graph.tensors[index].buffer for graph in model.subgraphs for index in _read_only(graph)}


def _read_only(graph: Any) -> set[int]:
    """The tensors that operators read, and that neither they nor the caller write."""
    found: set[int] = set()
    for operator in graph.operators:
        mutated = listed(operator.mutatingVariableInputs)
        for place, index in enumerate(listed(operator.inputs)):
            variable = graph.tensors[index].isVariable or (place < len(mutated) and mutated[place])
            if not variable:
                found.add(index)
    for operator in graph.operators:
        found.difference_update(listed(operator.outputs), listed(operator.intermediates))
    found.difference_update(listed(graph.inputs), listed(graph.outputs))
    return found
