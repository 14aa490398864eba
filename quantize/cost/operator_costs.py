"""What a network's operators cost in each scheme, each by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .event_names import FOLDING
from .store import NONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.flatbuffer.graph import Graph
    from decant.quantization import SchemeName

    from .borders import Borders
    from .store import Cost


# What XNNPACK leaves out wherever it may.
FREE = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
# What becomes part of the next, as others do of the one before.
BEFORE = ("PAD", "PADV2")


@dataclass(frozen=True, slots=True)
class Node:
    """An operator as prediction sees it.

    Attributes:
        kind: The schema's name.
        reads: Float tensors that are computed.
        writes: Float tensors.
    """

    kind: str
    reads: tuple[int, ...]
    writes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Wiring:
    """A float graph as prediction sees it.

    Attributes:
        nodes: In the graph's order.
        values: Of each tensor, how many it holds.
        outputs: Tensors that have to be floats in the end.
    """

    nodes: tuple[Node, ...]
    values: tuple[int, ...]
    outputs: frozenset[int]


def wiring_of(graph: Graph) -> Wiring:
    """Look at a float graph of fixed sizes."""

    def floats(tensors: Sequence[int]) -> tuple[int, ...]:
        found = (int(t) for t in tensors)
        return tuple(
            dict.fromkeys(t for t in found if t >= 0 and graph.is_float(t) and not constant[t])
        )

    count = len(graph.subgraph.tensors)
    constant = [graph.constant(tensor) is not None for tensor in range(count)]
    nodes = tuple(
        Node(graph.kind(each), floats(each.inputs), floats(each.outputs))
        for each in graph.operators
    )
    values = tuple(int(np.prod(np.abs(graph.shape(tensor)))) for tensor in range(count))
    return Wiring(nodes, values, frozenset(graph.outputs))


class OperatorCosts:
    """Times of a network's operators in milliseconds, on one target.

    Operators and tensors are numbered as in the float graph that was measured.

    Attributes:
        wiring: Of the float graph.
        readers: Tensor → the operators that read it.
        timed: Whether anything was timed for it; else all was known.
        failures: Scheme → why nothing is known of it.
    """

    def __init__(
        self,
        wiring: Wiring,
        operators: Mapping[SchemeName, Sequence[Cost]],
        borders: Borders,
        *,
        timed: bool = True,
        failures: Mapping[SchemeName, str] | None = None,
    ) -> None:
        """Take what was measured.

        Args:
            wiring: Of the float graph.
            operators: By scheme, one for each operator.
            borders: Of the target.
            timed: Whether anything was timed for it.
            failures: Scheme → why nothing is known of it.
        """
        self.timed = timed
        self.failures = dict(failures or {})
        self.wiring = wiring
        self.readers: dict[int, list[int]] = {}
        for at, node in enumerate(wiring.nodes):
            for tensor in node.reads:
                self.readers.setdefault(tensor, []).append(at)
        self._writers = {t: at for at, node in enumerate(wiring.nodes) for t in node.writes}
        self._operators = operators
        self._borders = borders

    def operator_ms(self, at: int, scheme: SchemeName) -> float | None:
        """Give what an operator takes in a scheme, without borders.

        What XNNPACK makes part of another operator takes nothing. A unary operator that has no
        static form of its own has the time of the table that XNNPACK makes of it between
        integers: a recipe leaves it float.

        Args:
            at: Its number.
            scheme: Which.

        Returns:
            Milliseconds; None where it does not take the scheme.
        """
        cost = self._cost(at, scheme)
        if cost.kernel != "none":
            return cost.ms
        if scheme == "static_int8" and self.foldable(at):
            return self.table_ms(at)
        return None

    def kernel(self, at: int, scheme: SchemeName) -> str:
        """Say who runs an operator, as `Cost.kernel` does."""
        return self._cost(at, scheme).kernel

    def folds(self, at: int) -> bool:
        """Whether static int8 means for an operator that it stays float, and becomes a table."""
        return self.foldable(at) and self._cost(at, "static_int8").kernel == "none"

    def foldable(self, at: int) -> bool:
        """Whether XNNPACK makes a table of an operator where it stands between integers."""
        node = self.wiring.nodes[at]
        return node.kind in FOLDING and len(node.reads) == len(node.writes) == 1

    def joined(self, at: int, scheme: SchemeName) -> int | None:
        """Give the operator that another one is part of, if it is, and has the same scheme.

        A convolution takes in the PAD before it, the table of a LOGISTIC the MUL of a SiLU. Where
        the two have different schemes, both take time.
        """
        if self._cost(at, scheme).kernel != "part":
            return None
        node = self.wiring.nodes[at]
        if node.kind in FREE:
            return None
        if node.kind in BEFORE:
            return next((each for t in node.writes for each in self.readers.get(t, [])), None)
        writers = [self._writers[tensor] for tensor in node.reads if tensor in self._writers]
        return max(writers, key=self.foldable, default=None)

    def alone_ms(self, at: int) -> float:
        """Estimate what an operator takes that is not part of another, as it otherwise is.

        What it takes in another scheme, or as much as a pass over its values.
        """
        known = [costs[at].ms for costs in self._operators.values() if costs[at].kernel != "none"]
        written = self.wiring.nodes[at].writes
        return max([*known, *map(self.dequantize_ms, written[:1])])

    def quantize_ms(self, tensor: int) -> float:
        """Give what it takes to make integers of a float tensor."""
        return self._borders.time_ms("quantize", self.wiring.values[tensor])

    def dequantize_ms(self, tensor: int) -> float:
        """Give what it takes to make floats of an integer tensor."""
        return self._borders.time_ms("dequantize", self.wiring.values[tensor])

    def table_ms(self, at: int) -> float:
        """Give what a table takes that a unary operator becomes."""
        written = self.wiring.nodes[at].writes[0]
        return self._borders.time_ms("table", self.wiring.values[written])

    def _cost(self, at: int, scheme: SchemeName) -> Cost:
        known = self._operators.get(scheme)
        return NONE if known is None else known[at]
