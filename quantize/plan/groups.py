"""Says of every module what its operators cost in time and in accuracy."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from decant.plan_report import OperatorGroup

from ..modules import module_of
from ..ranges import written_by
from .simulation import decibels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.flatbuffer.graph import Graph
    from decant.quantization import SchemeName

    from ..cost import Costs
    from .simulation import Assignment

MOST_GROUPS = 40


def members_by_module(graph: Graph, modules: Mapping[str, str]) -> dict[str, list[int]]:
    """Group operators by the path of their module, as deep as leaves few enough groups.

    An operator whose module is not known is grouped by its kind.
    """
    paths = [
        module_of(written_by(graph, operator), modules) or graph.kind(operator)
        for operator in graph.operators
    ]
    deepest = max((path.count(".") + 1 for path in paths), default=1)
    groups: dict[str, list[int]] = {}
    for depth in range(1, deepest + 1):
        finer = _cut(paths, depth)
        if groups and len(finer) > MOST_GROUPS:
            break
        groups = finer
    return groups


def _cut(paths: Sequence[str], depth: int) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for number, path in enumerate(paths):
        groups.setdefault(".".join(path.split(".")[:depth]), []).append(number)
    return groups


def alone_in_int8(members: Sequence[int], costs: Costs, count: int) -> Assignment:
    """Give the schemes with which only some operators are int8, as far as they can be."""
    chosen = {n for n in members if costs.operator_ms(n, "static_int8") is not None}
    return tuple("static_int8" if n in chosen else "float" for n in range(count))


def operator_groups(
    graph: Graph,
    members: Mapping[str, Sequence[int]],
    costs: Costs,
    chosen: Assignment,
    noise: Sequence[float],
    drops: Sequence[float | None],
) -> tuple[OperatorGroup, ...]:
    """Describe groups of operators, the noisiest first.

    Args:
        graph: The float graph.
        members: Name of each group → numbers of its operators.
        costs: Of the operators.
        chosen: The chosen plan.
        noise: Of each group the ratio of noise to signal where it alone is int8.
        drops: Of each group what the metric loses there; None without a metric.
    """
    described = [
        OperatorGroup(
            module=name,
            operators=dict(Counter(graph.kind(graph.operators[n]) for n in numbers)),
            schemes=dict(Counter(chosen[n] for n in numbers)),
            float_ms=_time(costs, numbers, "float"),
            int8_ms=_time(costs, numbers, "static_int8"),
            snr_db=decibels(ratio),
            drop=drop,
        )
        for (name, numbers), ratio, drop in zip(members.items(), noise, drops, strict=True)
    ]
    return tuple(sorted(described, key=lambda group: group.snr_db))


def _time(costs: Costs, numbers: Sequence[int], scheme: SchemeName) -> float:
    """Add up times in a scheme, and in float where an operator does not take it."""
    total = 0.0
    for number in numbers:
        own = costs.operator_ms(number, scheme)
        total += own if own is not None else costs.operator_ms(number, "float") or 0.0
    return total
