"""Gives every operator the scheme with which cost and noise together are least."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from decant.quantization import Group

from ..recipes import STATIC_INT8
from ..remedy import exact_patterns
from ..schemes import SCHEMES
from .cut import Link, Sides, least_cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.flatbuffer.graph import Graph
    from decant.quantization import SchemeName

    from ..recipes import Recipe
    from .noise import Noise
    from .simulation import Assignment


class Costs(Protocol):
    """What a plan wants little of: time, bytes of the file, or memory."""

    @property
    def unit(self) -> str:
        """Of all costs."""

    def operator_cost(self, at: int, scheme: SchemeName) -> float | None:
        """Give what operator number `at` costs in a scheme; None if it cannot be in it.

        In "static_int8" it reads and writes int8, be it in float between, as one table of 256
        values.
        """

    def tied_to(self, at: int) -> int | None:
        """Give the operator that number `at` is part of where both have the same scheme."""

    def quantize_cost(self, tensor: int) -> float:
        """Give what it costs to make a float tensor int8."""

    def dequantize_cost(self, tensor: int) -> float:
        """Give what it costs to make an int8 tensor float."""

    def whole_cost(self, schemes: Sequence[SchemeName]) -> float:
        """Give what the whole file costs with a scheme for each operator."""


def assign(graph: Graph, costs: Costs, noise: Noise, price: float) -> Assignment:
    """Find the schemes of least cost, where noise has a price.

    Args:
        graph: The float graph.
        costs: Of its operators and tensors.
        noise: Of its values.
        price: What a ratio of noise to signal of 1 is worth, in the costs' unit.

    Returns:
        By operator "static_int8", "dynamic_int8" or "float".
    """
    choices = [_float_side(graph, number, costs, noise, price) for number in _numbers(graph)]
    sides = [
        Sides(
            int8=_int8_side(graph, number, costs, noise, price),
            float=None if choice is None else choice[0],
        )
        for number, choice in enumerate(choices)
    ]
    tied = ((number, costs.tied_to(number)) for number in _numbers(graph))
    ties = [(number, other) for number, other in tied if other is not None]
    int8 = least_cost(sides, _links(graph, costs, noise, price), ties)
    return tuple(
        "static_int8" if here else "float" if choice is None else choice[1]
        for here, choice in zip(int8, choices, strict=True)
    )


def most_rounded(graph: Graph, costs: Costs) -> Assignment:
    """Give the schemes that round all that any plan rounds."""
    tried: tuple[SchemeName, ...] = ("static_int8", "dynamic_int8")
    floats: SchemeName = "float"
    return tuple(
        next((each for each in tried if costs.operator_cost(at, each) is not None), floats)
        for at in _numbers(graph)
    )


def recipe_of(graph: Graph, schemes: Assignment, name: str, file: str) -> Recipe:
    """Write schemes as a recipe.

    What is float although static int8 is for it, and what is dynamic, are groups of their own.
    """
    static = SCHEMES["static_int8"].kinds
    used = {graph.kind(operator) for operator in graph.operators}
    int8 = {
        graph.kind(operator)
        for operator, scheme in zip(graph.operators, schemes, strict=True)
        if scheme == "static_int8"
    }
    kinds = tuple(kind for kind in static if kind in int8 or kind not in used)
    groups = []
    own: tuple[SchemeName, ...] = ("float", "dynamic_int8")
    for scheme in own:
        members = [
            operator
            for operator, chosen in zip(graph.operators, schemes, strict=True)
            if chosen == scheme and (scheme != "float" or graph.kind(operator) in kinds)
        ]
        if members:
            tensors = tuple(exact_patterns(graph, members))
            kinds_here = tuple(sorted({graph.kind(each) for each in members}))
            groups.append(Group(scheme=scheme, kinds=kinds_here, tensors=tensors))
    return STATIC_INT8.model_copy(
        update={"name": name, "file": file, "kinds": kinds, "groups": tuple(groups)}
    )


def _numbers(graph: Graph) -> range:
    return range(len(graph.operators))


def _int8_side(graph: Graph, number: int, costs: Costs, noise: Noise, price: float) -> float | None:
    """Give the cost of an operator that reads and writes int8."""
    cost = costs.operator_cost(number, "static_int8")
    if cost is None:
        return None
    written = (int(tensor) for tensor in graph.operators[number].outputs)
    ratio = noise.weights.get(number, 0.0) + sum(noise.activations.get(t, 0.0) for t in written)
    return cost + price * ratio


def _float_side(
    graph: Graph, number: int, costs: Costs, noise: Noise, price: float
) -> tuple[float, SchemeName] | None:
    """Give the cost and the scheme of an operator that reads and writes floats."""
    found: list[tuple[float, SchemeName]] = []
    plain = costs.operator_cost(number, "float")
    if plain is not None:
        found.append((plain, "float"))
    dynamic = costs.operator_cost(number, "dynamic_int8")
    if dynamic is not None:
        found.append((dynamic + price * _dynamic_noise(graph, number, noise), "dynamic_int8"))
    return min(found, key=lambda each: each[0], default=None)


def _dynamic_noise(graph: Graph, number: int, noise: Noise) -> float:
    """Give what dynamic int8 adds: its weights' noise and that of what it reads.

    The runtime takes the range of each input as it comes, which is at most as wide as the range of
    all of them.
    """
    read = int(graph.operators[number].inputs[0])
    return noise.weights.get(number, 0.0) + noise.activations.get(read, 0.0)


def _links(graph: Graph, costs: Costs, noise: Noise, price: float) -> list[Link]:
    """List the tensors between operators, with what their conversions cost."""
    writers = {int(t): number for number, op in enumerate(graph.operators) for t in op.outputs}
    readers: dict[int, list[int]] = {}
    for number, operator in enumerate(graph.operators):
        for tensor in dict.fromkeys(int(index) for index in operator.inputs):
            readers.setdefault(tensor, []).append(number)
    outputs = {*graph.outputs}
    return [
        Link(
            writer=writers.get(tensor),
            readers=tuple(readers.get(tensor, ())),
            given_out=tensor in outputs,
            quantize=costs.quantize_cost(tensor) + price * noise.activations.get(tensor, 0.0),
            dequantize=costs.dequantize_cost(tensor),
        )
        for tensor in dict.fromkeys((*graph.inputs, *writers))
        if graph.is_float(tensor)
    ]
