"""Judges every step of a later form by itself, in double precision, on the values it was given.

An error that an op makes may be far below the tolerance where it arises and far above it behind a
subtraction, and what rounding does to a network that amplifies it is nobody's error. So no value is
held against another form's: each is held against what the model's own nodes make in double
precision of the values that the form itself had before. That also judges decisions by their margin:
on the values that it was given, a comparison or a TopK has but one right answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import onnx

from decant.onnx_runtime import OnnxRuntime
from decant.parity import Parity, compare, finite_size

from .evaluator import EXACT, MOVES, QUANTIZERS, REFUSALS, Evaluator
from .reference_ops import typed
from .rounding import Rounded, moves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Arrays = Mapping[str, Array]
    Move: TypeAlias = "Callable[[Array], Array]"
    Found: TypeAlias = "Callable[[str, tuple[int, ...]], Array | None]"
    """The value of a name in ONNX order, given its shape, if the form is known to have it."""

LARGEST_STEP = 1e-5
"""Error of one step that needs no excuse.

Sums of n products are some √n roundings of 6e-8 off: 1e-5 is what n = 28,000 gives.
Of 3,565 steps of 13 networks (pictures, texts, sounds; LSTM, GRU, attention; three quantized), in
TensorFlow and in LiteRT, half are up to 1e-7 off and the worst 2.7e-6, ties of integers aside.
"""

RECURRENT = frozenset({"DynamicQuantizeLSTM"})
"""Ops whose steps are held against what each makes of the form's own step before it."""

FAR = 0.1
"""Of the largest error: smaller ones are passed over when the first step at fault is named."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A step that computes something else.

    Attributes:
        nodes: The nodes that make the value of others that the form is known to have.
        value: Its name.
        parity: How far it is from what these nodes make of the same inputs.
    """

    nodes: tuple[onnx.NodeProto, ...]
    value: str
    parity: Parity


@dataclass(slots=True)
class Steps:
    """What is known of the steps of a form.

    Attributes:
        faults: Those that are wrong, in the model's order.
        complete: Whether every one was judged, from the inputs to the outputs.
        largest: The largest error of those that are right.
        outputs: The form's outputs in this run.
    """

    faults: list[Fault] = field(default_factory=list)
    complete: bool = True
    largest: float = 0.0
    outputs: dict[str, Array] = field(default_factory=dict)

    def first(self) -> Fault | None:
        """The first that is as wrong as any, if one is."""
        worst = max((_size(fault) for fault in self.faults), default=0.0)
        return next((fault for fault in self.faults if _size(fault) >= FAR * worst), None)


def _size(fault: Fault) -> float:
    return 1.0 if fault.parity.nan else min(fault.parity.max_relative, 1.0)


class StepJudge:
    """Follows a form through the model."""

    def __init__(self, model: onnx.ModelProto, sample: Arrays, found: Found) -> None:
        """Take what is known.

        Args:
            model: Without local functions.
            sample: The model's inputs.
            found: Gives the form's own values.
        """
        self.model, self.sample, self.found = model, sample, found
        self.nodes = list(model.graph.node)
        self.maker = {name: i for i, node in enumerate(self.nodes) for name in node.output if name}
        self.double = Evaluator(model, double=True)
        self.single = Evaluator(model, double=False)
        self.known: dict[str, Array] = {}
        self.own: dict[int, Array | None] = {}

    def judge(self) -> Steps:
        """Judge every value that the form is known to have, in the model's order."""
        steps = Steps()
        wanted = {output.name for output in self.model.graph.output}
        values = self._given(self.double)
        last = {name: place for place, node in enumerate(self.nodes) for name in read(node)}
        for place, node in enumerate(self.nodes):
            for name, computed in self._results(place, values, steps).items():
                values[name] = computed
                own = self.found(name, computed.shape)
                if own is None:
                    steps.complete &= name not in wanted
                    continue
                self._judge_value(name, own, computed, steps)
                self.known[name] = own
                values[name] = own.astype(computed.dtype)
                if name in wanted:
                    steps.outputs[name] = own
            for name in read(node):
                if last[name] == place and name in self.maker:
                    values.pop(name, None)
        return steps

    def _given(self, evaluator: Evaluator) -> dict[str, Array]:
        given = {name: evaluator.taken(array) for name, array in self.sample.items()}
        return {**evaluator.weights, **given}

    def _results(self, place: int, values: Arrays, steps: Steps) -> dict[str, Array]:
        """What a node makes; nothing where it cannot be run, of which the outputs stay unjudged."""
        try:
            made = self.double.run_node(place, values)
        except REFUSALS:
            steps.complete = False
            return {}
        y = self.nodes[place].output[0]
        if self.nodes[place].op_type in RECURRENT and y in made:
            self.own[place] = self.found(y, made[y].shape)
            made = self.double.run_node(place, values, self.own[place])
        return {name: np.asarray(x) for name, x in made.items() if name and not _sequence(x)}

    def _judge_value(self, name: str, own: Array, computed: Array, steps: Steps) -> None:
        tolerance = LARGEST_STEP if computed.dtype.kind == "f" else 0.0
        parity = compare("", name, [own], [computed], tolerance)
        if not parity.within:
            parity = self._excused(parity, own, computed)
        if parity.passed:
            steps.largest = max(steps.largest, parity.max_relative)
            return
        places = self._places(name)
        active = [place for place in places if self.nodes[place].op_type not in MOVES]
        nodes = tuple(self.nodes[place] for place in active or places)
        steps.faults.append(Fault(nodes, name, parity))

    def _excused(self, parity: Parity, own: Array, computed: Array) -> Parity:
        """Judge a distance by rounding; and one for which ONNX Runtime speaks is none."""
        name = parity.output
        quantizes = any(self.nodes[place].op_type in QUANTIZERS for place in self._places(name))
        rounded = Rounded([computed], lambda: [[run] for run in self._moved(name)], quantizes)
        judged = rounded.judge(0, own, float(finite_size(computed).max(initial=0.0)), parity)
        judged = parity if judged is None else judged
        if judged.passed:
            return judged.model_copy(update={"step": judged.exact})
        theirs = self._by_runtime(name, own.dtype)
        if theirs is None or theirs.shape != own.shape:
            return judged
        other = compare("", name, [own], [theirs], parity.tolerance)
        return other if other.passed else judged

    def _moved(self, name: str) -> Iterator[Array]:
        """A value, made of the form's own ones, in runs that rounding moves."""
        yield self._made(name, self.single)
        for move in moves():
            yield self._made(name, self.double, move)

    def _made(self, name: str, evaluator: Evaluator, move: Move | None = None) -> Array:
        """Make a value of the form's own; of what its nodes hand on, all that rounds is moved.

        So is what they quantize: that is divided and rounded before it is rounded to integers.
        """
        own = {n: evaluator.taken(x) for n, x in self.known.items()}
        values = self._given(evaluator) | own
        for place in self._places(name):
            made = evaluator.run_node(place, values, self.own.get(place), move)
            rounds = name not in made and self.nodes[place].op_type not in EXACT
            if move is not None and rounds:
                made = {n: move(np.asarray(x)) for n, x in made.items()}
            values |= made
        return np.asarray(values[name])

    def _by_runtime(self, name: str, dtype: np.dtype[Any]) -> Array | None:
        """A value, made of the form's own ones, by ONNX Runtime; None where it cannot."""
        nodes = [self.nodes[place] for place in self._places(name)]
        made = {n for node in nodes for n in node.output}
        known = self._given(self.single) | self.known
        feeds = {n: known[n] for node in nodes for n in read(node) if n in known and n not in made}
        graph = onnx.helper.make_graph(
            nodes,
            "step",
            [typed(n, array) for n, array in sorted(feeds.items())],
            [onnx.ValueInfoProto(name=name)],
        )
        model = onnx.helper.make_model(
            graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version
        )
        try:
            runtime = OnnxRuntime(model.SerializeToString(), optimize=False)
            return np.asarray(runtime.run(feeds)[name]).astype(dtype)
        except REFUSALS:
            return None

    def _places(self, name: str) -> list[int]:
        """The nodes that make a value of those that the form is known to have."""
        found: set[int] = set()
        pending = [self.maker[name]]
        while pending:
            place = pending.pop()
            if place in found:
                continue
            found.add(place)
            pending += [
                self.maker[n]
                for n in read(self.nodes[place])
                if n in self.maker and n not in self.known
            ]
        return sorted(found)


def _sequence(value: Any) -> bool:
    return not isinstance(value, np.ndarray | np.generic)


def read(node: onnx.NodeProto) -> Iterator[str]:
    """Names that a node reads, those in its subgraphs included."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else ())):
            own = {value.name for value in (*graph.input, *graph.initializer)}
            own.update(name for inner in graph.node for name in inner.output)
            yield from (n for inner in graph.node for n in read(inner) if n not in own)
