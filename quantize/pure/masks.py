"""Bounds what stands for infinity, which would take all steps of int8 for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..islands import HUGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from decant.flatbuffer.graph import Graph

    from ..ranges import Range

SUMS = ("ADD", "SUB")
CHOOSING = ("SELECT", "SELECT_V2")
COPIES = ("RESHAPE", "TRANSPOSE")
# A softmax makes less of what is so far below the largest than an int8 result can tell (e^-16).
FAR = 16.0


def bounded_ranges(graph: Graph, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Bound the ranges of masks, and of what they are added to.

    Before: scores in -8…8, mask in -1e9…0, sum in -1e9…8
    After:  mask in -32…0, sum in -40…8: a softmax makes 0 of it as before

    Args:
        graph: The float graph.
        ranges: Of its activations.
    """
    bounded = dict(ranges)
    for operator in graph.operators:
        written = graph.name(int(operator.outputs[0]))
        if graph.kind(operator) in COPIES and written in bounded:
            bounded[written] = bounded.get(graph.name(int(operator.inputs[0])), bounded[written])
        for masked, mask in _masked(graph, operator, bounded):
            low, high = bounded[graph.name(masked)]
            far = _far(low, high)
            name = graph.name(mask)
            if name in bounded:
                bounded[name] = _within(bounded[name], -far, far)
            if written in bounded:
                bounded[written] = _within(bounded[written], low - far, high + far)
    return bounded


def bound_masks(graph: Graph, ranges: Mapping[str, Range]) -> None:
    """Bound constant masks likewise.

    Args:
        graph: The float graph; changed.
        ranges: Bounded ones of its activations.
    """
    for operator in graph.operators:
        for masked, mask in _masked(graph, operator, ranges):
            value = graph.constant(mask)
            if value is None:
                continue
            far = np.float32(_far(*ranges[graph.name(masked)]))
            made = graph.add_constant(f"{graph.name(mask)}_bounded", np.clip(value, -far, far))
            operator.inputs = [made if t == mask else int(t) for t in operator.inputs]


def _far(low: float, high: float) -> float:
    """Give what to add to a value of a range so that it is far below all others of it."""
    return high - low + FAR


def _within(span: Range, low: float, high: float) -> Range:
    return max(span[0], low), min(span[1], high)


def _masked(graph: Graph, operator: Any, ranges: Mapping[str, Range]) -> list[tuple[int, int]]:
    """Give the activation and the mask that a sum or a choice reads, if it does."""
    kind = graph.kind(operator)
    if kind not in (*SUMS, *CHOOSING):
        return []
    one, other = (int(tensor) for tensor in operator.inputs[-2:])
    if not (graph.is_float(one) and graph.is_float(other)):
        return []
    pairs = [(one, other), (other, one)]
    return [
        (masked, mask)
        for masked, mask in pairs
        if _is_huge(graph, mask, ranges)
        and graph.name(masked) in ranges
        and not _is_huge(graph, masked, ranges)
    ]


def _is_huge(graph: Graph, tensor: int, ranges: Mapping[str, Range]) -> bool:
    value = graph.constant(tensor)
    if value is not None:
        return bool(value.size and np.abs(value).max() >= HUGE)
    return max(map(abs, ranges.get(graph.name(tensor), (0.0,)))) >= HUGE
