"""Adds up what a file of mixed schemes would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.errors import DataError

from ..schemes import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.quantization import SchemeName

    from .operator_costs import OperatorCosts


def predicted_ms(costs: OperatorCosts, schemes: Sequence[SchemeName]) -> float:
    """Predict what a file takes, borders included.

    Args:
        costs: Of the network.
        schemes: One for each operator.

    Raises:
        DataError: They are more or fewer, or an operator does not take its scheme; the message
            names it.
    """
    nodes = costs.wiring.nodes
    if len(schemes) != len(nodes):
        raise DataError(f"{len(schemes)} schemes for {len(nodes)} operators; give one for each")
    return _Assignment(costs, schemes).total_ms()


class _Assignment:
    """A scheme for each operator of a network."""

    def __init__(self, costs: OperatorCosts, schemes: Sequence[SchemeName]) -> None:
        self._costs = costs
        self._nodes = costs.wiring.nodes
        # What becomes a table stays float in the file.
        self._schemes: list[SchemeName] = [
            "float" if scheme == "static_int8" and costs.folds(at) else scheme
            for at, scheme in enumerate(schemes)
        ]
        self._computes = [SCHEMES[scheme].ranged for scheme in self._schemes]
        self._integers = {
            tensor
            for at, node in enumerate(self._nodes)
            if self._computes[at]
            for tensor in node.writes
        }
        self._folded: set[int] = set()

    def total_ms(self) -> float:
        """Add operators, tables and borders; once in its life."""
        tables = self._tables_ms()
        operators = sum(
            self._own_ms(at) for at in range(len(self._nodes)) if at not in self._folded
        )
        return tables + operators + self._borders_ms()

    def _own_ms(self, at: int) -> float:
        scheme = self._schemes[at]
        ms = self._costs.operator_ms(at, scheme)
        if ms is None:
            raise DataError(
                f"operator {at} ({self._nodes[at].kind}) does not take {scheme};"
                " give it another scheme, float at the least"
            )
        whole = self._costs.joined(at, scheme)
        if whole is not None and self._computes[whole] != self._computes[at]:
            return self._costs.alone_ms(at)
        return ms

    def _tables_ms(self) -> float:
        """Find the chains of unary float operators between integers, each of them one table."""
        total = 0.0
        for at in range(len(self._nodes)):
            chain = [] if at in self._folded else self._chain(at)
            if chain:
                self._folded.update(chain)
                self._integers.update(self._nodes[chain[-1]].writes)
                total += self._costs.table_ms(chain[-1])
        return total

    def _chain(self, at: int) -> list[int]:
        """Give the unary float operators from one on that are one table; none if there is none."""
        chain: list[int] = []
        if not self._integers.issuperset(self._nodes[at].reads):
            return chain
        while self._costs.foldable(at) and not self._computes[at]:
            chain.append(at)
            written = self._nodes[at].writes[0]
            readers = self._costs.readers.get(written, [])
            if written in self._costs.wiring.outputs or not readers:
                return []
            if all(self._computes[reader] for reader in readers):
                return chain
            if len(readers) > 1:
                return []
            at = readers[0]
        return []

    def _borders_ms(self) -> float:
        """Add up what passes between floats and integers, each tensor once."""
        passed: set[tuple[int, bool]] = set()
        for at, node in enumerate(self._nodes):
            if at not in self._folded:
                passed.update(
                    (tensor, self._computes[at])
                    for tensor in node.reads
                    if (tensor in self._integers) != self._computes[at]
                )
        passed.update((tensor, False) for tensor in self._costs.wiring.outputs & self._integers)
        return sum(
            self._costs.quantize_ms(tensor) if to_integers else self._costs.dequantize_ms(tensor)
            for tensor, to_integers in passed
        )
