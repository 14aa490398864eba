"""Continues an ONNX model in ONNX Runtime from the values that a later form has computed so far.

An error that an op makes may be far below the tolerance where it arises and far above it behind a
subtraction. So no value is judged by itself: the op at fault is the one with whose result the
model's own rest gives other outputs, while with all results before it the outputs are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import onnx

from decant.onnx_runtime import OnnxRuntime
from decant.parity import Parity, compare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Arrays = Mapping[str, Array]

MOVES = frozenset({
    "Cast", "CastLike", "Concat", "Constant", "ConstantOfShape", "DepthToSpace", "Dropout",
    "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "Pad", "Range",
    "Reshape", "Shape", "Size", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose",
    "Unsqueeze",
})  # fmt: skip
"""Ops that compute nothing: what they make can be had from what goes into them."""

SIZES = frozenset({"Shape", "Size"})


@dataclass(frozen=True, slots=True)
class Fault:
    """The nodes between two places of a graph, of which one computes something else.

    Attributes:
        nodes: The nodes that compute something.
        value: The value of theirs that is furthest off.
        parity: How far, from what ONNX Runtime makes of the same inputs.
    """

    nodes: tuple[onnx.NodeProto, ...]
    value: str
    parity: Parity


@dataclass(frozen=True, slots=True)
class _Rest:
    """What computes some values: nodes in order, and the values that are given to them."""

    nodes: tuple[int, ...]
    given: frozenset[str]


class Cuts:
    """A graph, what ONNX Runtime computes in it, and what a later form does."""

    def __init__(self, model: onnx.ModelProto, expected: Arrays, found: Arrays) -> None:
        """Take what is known.

        Args:
            model: Without local functions.
            expected: Inputs and every value of the graph as ONNX Runtime computes them.
            found: The values that the later form is known to have, by ONNX name, in ONNX order.
        """
        self.model = model
        self.nodes = list(model.graph.node)
        self.expected = expected
        self.found = {name: array.astype(expected[name].dtype) for name, array in found.items()}
        self.maker = {name: i for i, node in enumerate(self.nodes) for name in node.output if name}
        self.outputs = [output.name for output in model.graph.output]
        self.weights = {weight.name: weight for weight in model.graph.initializer}
        self.fixed = set(self._fixed())

    def _fixed(self) -> Iterator[str]:
        """Values that no element of an input goes into: constants, and what is made of sizes."""
        fixed = {*self.weights, ""}
        for node in self.nodes:
            if node.op_type in SIZES or fixed.issuperset(_read(node)):
                fixed.update(node.output)
                yield from node.output

    def fault(self, tolerance: float) -> Fault | None:
        """Find nodes with whose results the outputs begin to differ by more than the tolerance."""
        places = [place for place in range(1, len(self.nodes) + 1) if self._rest(place)]
        if not places or not self._differs(places[-1], tolerance):
            return None
        low, high = 0, len(places)  # right with none of the found values, wrong with all
        while high - low > 1:
            middle = (low + high) // 2
            if self._differs(places[middle - 1], tolerance):
                high = middle
            else:
                low = middle
        return self._between(places[low - 1] if low else 0, places[high - 1], tolerance)

    def _differs(self, place: int, tolerance: float) -> bool:
        """Whether the outputs differ with the found values of all nodes before a place."""
        rest = self._rest(place)
        results = {} if rest is None else self._run(rest, self.outputs)
        found = [
            compare("", name, [results[name]], [self.expected[name]], tolerance)
            for name in self.outputs
            if name in self.maker and results[name].shape == self.expected[name].shape
        ]
        return not all(parity.passed for parity in found)

    def _between(self, low: int, high: int, tolerance: float) -> Fault | None:
        """Compare the found values of a stretch of nodes with what the same inputs should give."""
        made = [n for node in self.nodes[low:high] for n in node.output if n in self.found]
        before = {n for n, maker in self.maker.items() if maker < low and n in self.found}
        rest = self._resolve(made, before, stop=low)
        if rest is None or not made:
            return None
        results = self._run(rest, made)
        parities = {
            name: compare("", name, [self.found[name]], [results[name]], tolerance)
            for name in made
            if results[name].shape == self.found[name].shape
        }
        if not parities:
            return None
        worst = max(parities, key=lambda name: (parities[name].nan, parities[name].max_relative))
        active = [node for node in self.nodes[low:high] if node.op_type not in MOVES]
        return Fault(tuple(active or self.nodes[low:high]), worst, parities[worst])

    def _rest(self, place: int) -> _Rest | None:
        """What computes the outputs from the found values before a place; None if one lacks."""
        before = {name for name, maker in self.maker.items() if maker < place}
        return self._resolve(self.outputs, before & set(self.found), stop=place)

    def _resolve(self, wanted: Sequence[str], given: set[str], *, stop: int) -> _Rest | None:
        """Collect the nodes that make some values, before `stop` those that compute nothing."""
        nodes: set[int] = set()
        taken: set[str] = set()
        pending = list(wanted)
        while pending:
            name = pending.pop()
            maker = self.maker.get(name)
            if maker is None or maker in nodes or name in taken:
                continue
            if name in given or (maker < stop and name in self.fixed):
                taken.add(name)
                continue
            if maker < stop and self.nodes[maker].op_type not in MOVES:
                return None
            nodes.add(maker)
            pending.extend(_read(self.nodes[maker]))
        return _Rest(tuple(sorted(nodes)), frozenset(taken))

    def _run(self, rest: _Rest, wanted: Sequence[str]) -> dict[str, Array]:
        """Run some nodes on given values; what is wanted and given is passed on."""
        known = {name: self.found.get(name, self.expected[name]) for name in rest.given}
        made = {name for i in rest.nodes for name in self.nodes[i].output}
        computed = [name for name in dict.fromkeys(wanted) if name in made]
        passed = {name: known[name] for name in wanted if name in known}
        if not computed:
            return passed
        nodes = [self.nodes[i] for i in rest.nodes]
        read = {name for node in nodes for name in _read(node)} - made
        feeds = {n: known.get(n, self.expected.get(n)) for n in read - set(self.weights)}
        graph = onnx.helper.make_graph(
            nodes,
            "rest",
            [_typed(name, array) for name, array in sorted(feeds.items()) if array is not None],
            [_typed(name, self.expected[name]) for name in computed],
            [self.weights[name] for name in sorted(read & set(self.weights))],
        )
        model = onnx.helper.make_model(
            graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version
        )
        runtime = OnnxRuntime(model.SerializeToString(), optimize=False)
        return {**passed, **runtime.run({n: x for n, x in feeds.items() if x is not None})}


def _read(node: onnx.NodeProto) -> Iterator[str]:
    """Names that a node reads, those in its subgraphs included."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else ())):
            own = {value.name for value in (*graph.input, *graph.initializer)}
            own.update(name for inner in graph.node for name in inner.output)
            yield from (n for inner in graph.node for n in _read(inner) if n not in own)


def _typed(name: str, array: Array) -> onnx.ValueInfoProto:
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, [None] * array.ndim)
