"""Finds which operators of a file the times of a profile belong to.

A profile names XNNPACK's operators in the order in which they ran, not the file's. That order is
the file's, but for what waits for another part of the graph; one operator of the file may have
become several or none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .event_names import LEFT_OUT, OTHER, affinity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph
    from decant.runtime_profile import OperatorTime

PASSED, PASSED_LEFT_OUT = -1.0, -0.1
"""Points for an operator to which no time belongs."""
KNOWN = 100.0
"""Points where a profile names the operator by its number."""


def execution_order(graph: Graph, plain: set[int]) -> list[list[int]]:
    """Give the parts in which a graph runs: each wholly in XNNPACK, or in LiteRT's own kernels.

    As PartitionGraphIntoIndependentNodeSubsets of tflite/graph_info.cc: each part takes all that
    can run by then of the kind of the first operator that can.

    Args:
        graph: Of the file.
        plain: Numbers of the operators that LiteRT's own kernels run.
    """
    waiting = list(range(len(graph.operators)))
    missing = {int(tensor) for operator in graph.operators for tensor in operator.outputs}
    parts = []
    while waiting:
        part: list[int] = []
        rest: list[int] = []
        for number in waiting:
            operator = graph.operators[number]
            ready = missing.isdisjoint(int(tensor) for tensor in operator.inputs)
            if ready and (not part or (number in plain) == (part[0] in plain)):
                part.append(number)
                missing.difference_update(int(tensor) for tensor in operator.outputs)
            else:
                rest.append(number)
        if not part:  # a variable that waits for itself
            part, rest = rest, []
        parts.append(part)
        waiting = rest
    return parts


def align(graph: Graph, times: Sequence[OperatorTime]) -> dict[int, list[OperatorTime]]:
    """Map operators of a file, by their numbers, to the times that belong to each.

    The alignment of two sequences with most points, by dynamic programming. One without any has
    become part of another, or is left out.
    """
    plain = {time.number for time in times if not time.delegated}
    order = [number for part in execution_order(graph, plain) for number in part]
    points = _points(graph, order, times)
    found: dict[int, list[OperatorTime]] = {number: [] for number in order}
    for time, place in zip(times, _best(graph, order, points), strict=True):
        found[order[place]].append(time)
    return found


def _points(
    graph: Graph, order: Sequence[int], times: Sequence[OperatorTime]
) -> NDArray[np.float64]:
    """[2, operators, times]: the points of each pair, as the operator's first time and as later."""
    kinds = [graph.kind(graph.operators[number]) for number in order]
    names = [time.name for time in times]
    tables = {
        (kind, name): [affinity(kind, name, first=first) for first in (True, False)]
        for kind in set(kinds)
        for name in set(names)
    }
    points = np.array([[tables[kind, name] for name in names] for kind in kinds])
    points = np.moveaxis(points.reshape(len(kinds), len(names), 2), 2, 0)
    plain = {time.number for time in times if not time.delegated}
    for at, time in enumerate(times):
        for place, number in enumerate(order):
            if not time.delegated:
                points[:, place, at] = KNOWN if number == time.number else KNOWN * OTHER
            elif number in plain:
                points[:, place, at] = KNOWN * OTHER
    return points


def _best(graph: Graph, order: Sequence[int], points: NDArray[np.float64]) -> list[int]:
    """Give the place in `order` of each time, never falling."""
    kinds = [graph.kind(graph.operators[number]) for number in order]
    passed = [PASSED_LEFT_OUT if kind in LEFT_OUT else PASSED for kind in kinds]
    first, later = points
    count = first.shape[1]
    # Best points with the first t times given to operators so far; how many the last one took.
    best = np.concatenate([[0.0], np.full(count, -np.inf)])
    taken = np.zeros((len(order), count + 1), np.int64)
    for place in range(len(order)):
        before, best = best, best + passed[place]
        run = np.full(count + 1, -np.inf)  # with the time before t given to this operator
        length = np.zeros(count + 1, np.int64)
        for at in range(count):
            begun, went_on = before[at] + first[place, at], run[at] + later[place, at]
            run[at + 1] = max(begun, went_on)
            length[at + 1] = 1 if begun >= went_on else length[at] + 1
        better = run > best
        taken[place, better] = length[better]
        best = np.where(better, run, best)
    return _traced(taken)


def _traced(taken: NDArray[np.int64]) -> list[int]:
    """Follow the choices back from the last time."""
    places: list[int] = []
    left = taken.shape[1] - 1
    for place in range(taken.shape[0] - 1, -1, -1):
        count = int(taken[place, left])
        places = [place] * count + places
        left -= count
    return places
