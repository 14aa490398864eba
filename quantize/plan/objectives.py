"""What a plan can want little of, in the form that it is searched by."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import numpy as np

from decant.errors import SpecError

from ..schemes import SCHEMES
from ..simulate import weights_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from decant.flatbuffer.graph import Graph
    from decant.quantization import Objective, SchemeName

    from ..cost import Costs

FLOAT_BYTES = 4
# What a QUANTIZE or DEQUANTIZE and its tensor add to a file.
BORDER_BYTES = 200.0


def objective_of(
    name: Objective, graph: Graph, costs: Costs, kept: Collection[int]
) -> Latency | Size | Memory:
    """Give what a plan is searched by.

    Args:
        name: What it shall have little of.
        graph: The float graph.
        costs: Its operators' times, and which of them take which scheme.
        kept: Numbers of operators that stay float though they take int8.

    Raises:
        SpecError: It is "pure_int8", of which there is nothing to search.
    """
    match name:
        case "latency":
            return Latency(costs, kept)
        case "size":
            return Size(graph, costs, kept)
        case "memory":
            return Memory(graph, costs, kept)
        case "pure_int8":
            raise SpecError("pure_int8 leaves no plan to search for; make the recipe of that name")
    assert_never(name)


class Latency:
    """Milliseconds of one run on the target."""

    unit = "ms"

    def __init__(self, costs: Costs, kept: Collection[int] = ()) -> None:
        """Take measured costs, and the operators that stay float."""
        self._costs, self._kept = costs, frozenset(kept)

    def operator_cost(self, at: int, scheme: SchemeName) -> float | None:
        """Give an operator's time in a scheme."""
        return _allowed_ms(self._costs, self._kept, at, scheme)

    def tied_to(self, at: int) -> int | None:
        """Give the operator that another one is part of."""
        return self._costs.joined(at, "static_int8")

    def quantize_cost(self, tensor: int) -> float:
        """Give the time of making a tensor int8."""
        return self._costs.quantize_ms(tensor)

    def dequantize_cost(self, tensor: int) -> float:
        """Give the time of making a tensor float."""
        return self._costs.dequantize_ms(tensor)

    def whole_cost(self, schemes: Sequence[SchemeName]) -> float:
        """Give the time of a file."""
        return self._costs.predict_ms(schemes)


class Size:
    """Bytes of the file's weights and of what stands at borders."""

    unit = "bytes"

    def __init__(self, graph: Graph, costs: Costs, kept: Collection[int] = ()) -> None:
        """Take a float graph, costs for which operators take which scheme, and what stays float."""
        self._costs, self._kept = costs, frozenset(kept)
        self._bytes = [_weight_bytes(graph, number) for number in range(len(graph.operators))]

    def operator_cost(self, at: int, scheme: SchemeName) -> float | None:
        """Give the bytes of an operator's weights in a scheme."""
        if _allowed_ms(self._costs, self._kept, at, scheme) is None:
            return None
        return self._weights(at, scheme)

    def _weights(self, at: int, scheme: SchemeName) -> float:
        return self._bytes[at] * SCHEMES[scheme].weight_bits / (8 * FLOAT_BYTES)

    def tied_to(self, _at: int) -> int | None:
        """Give nothing: every operator has its own bytes."""
        return None

    def quantize_cost(self, _tensor: int) -> float:
        """Give the bytes of a QUANTIZE."""
        return BORDER_BYTES

    def dequantize_cost(self, _tensor: int) -> float:
        """Give the bytes of a DEQUANTIZE."""
        return BORDER_BYTES

    def whole_cost(self, schemes: Sequence[SchemeName]) -> float:
        """Give the bytes of all weights."""
        return float(sum(self._weights(at, scheme) for at, scheme in enumerate(schemes)))


class Memory:
    """Bytes of the activations at the moment when the float file holds most of them.

    Every activation counts that is alive then: at the operator between whose run and the next one
    the most bytes are written and still to be read.
    """

    unit = "bytes"

    def __init__(self, graph: Graph, costs: Costs, kept: Collection[int] = ()) -> None:
        """Take a float graph, costs for which operators take which scheme, and what stays float."""
        self._costs, self._kept = costs, frozenset(kept)
        self._alive = _most_alive(graph)
        self._written = [[int(t) for t in operator.outputs] for operator in graph.operators]

    def operator_cost(self, at: int, scheme: SchemeName) -> float | None:
        """Give the bytes of what an operator writes that is alive at the fullest moment."""
        if _allowed_ms(self._costs, self._kept, at, scheme) is None:
            return None
        return self._results(at, scheme)

    def _results(self, at: int, scheme: SchemeName) -> float:
        bits = SCHEMES[scheme].activation_bits or 8 * FLOAT_BYTES
        values = sum(self._alive.get(tensor, 0) for tensor in self._written[at])
        return values * bits / 8

    def tied_to(self, _at: int) -> int | None:
        """Give nothing: every operator has its own result."""
        return None

    def quantize_cost(self, tensor: int) -> float:
        """Give the bytes of the int8 copy of a tensor."""
        return float(self._alive.get(tensor, 0))

    def dequantize_cost(self, tensor: int) -> float:
        """Give the bytes of the float copy of a tensor."""
        return float(self._alive.get(tensor, 0) * FLOAT_BYTES)

    def whole_cost(self, schemes: Sequence[SchemeName]) -> float:
        """Give the bytes of what is alive at the fullest moment, without copies."""
        return float(sum(self._results(at, scheme) for at, scheme in enumerate(schemes)))


def _allowed_ms(costs: Costs, kept: Collection[int], at: int, scheme: SchemeName) -> float | None:
    """Give an operator's time in a scheme; None where it does not or shall not take it."""
    if scheme == "static_int8" and at in kept:
        return None
    return costs.operator_ms(at, scheme)


def _weight_bytes(graph: Graph, number: int) -> float:
    found = weights_of(graph, graph.operators[number])
    return 0.0 if found is None else float(FLOAT_BYTES * np.prod(graph.shape(found[0])))


def _most_alive(graph: Graph) -> dict[int, int]:
    """Give the activations that are alive when most values are, with their numbers of values."""
    ends = {int(t): number for number, op in enumerate(graph.operators) for t in op.inputs}
    ends.update(dict.fromkeys(graph.outputs, len(graph.operators)))
    begins = {int(t): number for number, op in enumerate(graph.operators) for t in op.outputs}
    sizes = {t: int(np.prod([abs(n) for n in graph.shape(t)])) for t in begins if t in ends}
    moments = (
        {t: size for t, size in sizes.items() if begins[t] <= number <= ends[t]}
        for number in range(len(graph.operators))
    )
    return max(moments, key=lambda alive: sum(alive.values()), default={})
