"""Divides a graph into int8 and float at the least cost, exactly: as a minimum cut.

An operator costs something in int8 and something in float, and a tensor that is written on one side
and read on the other costs a conversion, once, however many read it. No other choice of sides has a
smaller sum than the minimum cut of the network below (Greig, Porteous and Seheult, 1989: energies
whose pairwise terms only cost where two labels differ).

For one tensor that an operator writes (a) and others read (b, c), with the source on int8's side:

    int8 ──float_cost(a)──▶ a ──int8_cost(a)──▶ float
    a ──dequantize──▶ t ──∞──▶ b, c            paid where a is int8 and b or c is float
    b, c ──∞──▶ u ──quantize──▶ a              paid where b or c is int8 and a is float
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

# Sum that the costs are scaled to before they are rounded: SciPy cuts networks of 32-bit integers.
WHOLE = 1 << 29


@dataclass(frozen=True, slots=True)
class Sides:
    """What an operator costs on each side.

    Attributes:
        int8: None if it cannot be there.
        float: None if it cannot be there.
    """

    int8: float | None
    float: float | None


@dataclass(frozen=True, slots=True)
class Link:
    """A tensor between operators.

    Attributes:
        writer: Number of the operator that writes it; None of an input of the graph, which is
            float.
        readers: Numbers of those that read it.
        given_out: Whether it is an output of the graph, which is float.
        quantize: Cost of converting it to int8.
        dequantize: Cost of converting it to float.
    """

    writer: int | None
    readers: tuple[int, ...]
    given_out: bool
    quantize: float
    dequantize: float


def least_cost(
    operators: Sequence[Sides], links: Sequence[Link], ties: Sequence[tuple[int, int]] = ()
) -> list[bool]:
    """Tell which operators are in int8 where all costs together are least.

    Args:
        operators: By number.
        links: Between them; costs are not negative, of the same unit as the operators'.
        ties: Pairs of operators that are on the same side.

    Returns:
        By number, whether the operator is in int8. Of several choices of least cost that with the
        fewest in int8.

    >>> cheap, dear = Sides(int8=1.0, float=4.0), Sides(int8=None, float=1.0)
    >>> least_cost([cheap, dear], [Link(0, (1,), False, 1.0, 1.0)])
    [True, False]
    >>> least_cost([cheap, dear], [Link(0, (1,), False, 1.0, 3.5)])
    [False, False]
    """
    network = _Network(len(operators))
    for number, sides in enumerate(operators):
        network.add(network.int8, number, sides.float)
        network.add(number, network.float, sides.int8)
    for link in links:
        _add_link(network, link)
    # Once each: SciPy adds up edges of the same nodes, and 32 bits do not hold two impossible ones.
    for one, other in dict.fromkeys((min(pair), max(pair)) for pair in ties):
        network.add(one, other, None)
        network.add(other, one, None)
    reached = network.cut()
    return [bool(reached[number]) for number in range(len(operators))]


class _Network:
    """A flow network of operators, both sides, and whatever is added."""

    def __init__(self, operators: int) -> None:
        self.int8, self.float, self._nodes = operators, operators + 1, operators + 2
        self._edges: list[tuple[int, int, float | None]] = []

    def add_node(self) -> int:
        """Add a node; returns its number."""
        self._nodes += 1
        return self._nodes - 1

    def add(self, start: int, end: int, cost: float | None) -> None:
        """Let it cost something, or be impossible (None), that `start` is int8 and `end` not."""
        self._edges.append((start, end, cost))

    def cut(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Give the nodes on int8's side of the minimum cut nearest to it."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        total = sum(cost for _, _, cost in self._edges if cost is not None) or 1.0
        starts, ends, costs = zip(*self._edges, strict=True)
        # What is impossible costs more than everything else together.
        capacities = [2 * WHOLE if cost is None else round(cost / total * WHOLE) for cost in costs]
        shape = (self._nodes, self._nodes)
        network = csr_array((np.array(capacities, np.int32), (starts, ends)), shape=shape)
        flow = maximum_flow(network, self.int8, self.float).flow
        left = (network - flow).tocsr()
        left.data = np.where(left.data > 0, left.data, 0)
        left.eliminate_zeros()
        reached = np.zeros(self._nodes, bool)
        reached[breadth_first_order(left, self.int8, return_predecessors=False)] = True
        return reached


def _add_link(network: _Network, link: Link) -> None:
    """Add the conversions of a tensor."""
    writer = network.float if link.writer is None else link.writer
    readers = [*link.readers, *([network.float] if link.given_out else [])]
    if not readers:
        return
    if writer != network.float:
        passed = network.add_node()
        network.add(writer, passed, link.dequantize)
        for reader in readers:
            network.add(passed, reader, None)
    asked = network.add_node()
    network.add(asked, writer, link.quantize)
    for reader in link.readers:
        network.add(reader, asked, None)
