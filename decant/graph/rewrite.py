"""The rewrite engine: named graph → graph functions with an accuracy class, run to a fixpoint."""

from __future__ import annotations

import difflib
import inspect
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import onnx_ir as ir
from onnx_ir.passes import common as passes

from decant.errors import DecantError, InternalError, SpecError, UsageError

from .control_flow import rewrite_bodies
from .edit import prune

logger = logging.getLogger(__name__)

Accuracy = Literal["exact", "bounded"]
GraphRewrite = Callable[[ir.Model], int]
NodeRewrite = Callable[[ir.Node], bool]

MAX_ROUNDS = 1000
SHOWN_RESTLESS = 20


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A registered rewrite.

    Attributes:
        name: What reports and `to_tflite(rewrites=…)` call it.
        accuracy: "exact" (equal but for rounding; on by default) or "bounded" (opt-in).
        apply: Changes the model in place and returns how often it applied.
        description: Its docstring: a line, and then the graph before and after.
        operators: "Op" or "domain::Op" that it looks at; none where that is every one.
        file: The user's file that brought it; None of decant's own.
    """

    name: str
    accuracy: Accuracy
    apply: GraphRewrite
    description: str
    operators: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def summary(self) -> str:
        """First line of the description."""
        return self.description.splitlines()[0]


@dataclass(frozen=True, slots=True)
class Applied:
    """How often one rewrite changed a model, and what that changed.

    Attributes:
        name: Of the rewrite.
        accuracy: Its accuracy class.
        count: Places in the graph.
        removed: Operator → how many of its nodes went.
        added: Operator → how many of its nodes came.
        nodes: Names (or first outputs) of the model's own nodes that went, in the graph's order.
    """

    name: str
    accuracy: Accuracy
    count: int
    removed: Mapping[str, int] = field(default_factory=dict)
    added: Mapping[str, int] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()


class Rewrites:
    """A set of rewrites in the order in which they are tried."""

    def __init__(self, *parts: Iterable[Rewrite]) -> None:
        """Start with the rewrites of other sets, in their order.

        Raises:
            ValueError: Two of them have one name.
        """
        self._by_name: dict[str, Rewrite] = {}
        for rewrite in (rewrite for part in parts for rewrite in part):
            self._add(rewrite)

    def __iter__(self) -> Iterator[Rewrite]:
        return iter(self._by_name.values())

    def graph(
        self, name: str, accuracy: Accuracy = "exact"
    ) -> Callable[[GraphRewrite], GraphRewrite]:
        """Register a function that changes a whole model and returns how often it applied."""

        def register(function: GraphRewrite) -> GraphRewrite:
            self._add(Rewrite(name, accuracy, function, _description(name, function)))
            return function

        return register

    def node(
        self, name: str, *op_types: str, accuracy: Accuracy = "exact", domain: str = ""
    ) -> Callable[[NodeRewrite], NodeRewrite]:
        """Register a function that looks at one node and says whether it replaced it.

        Args:
            name: Name of the rewrite.
            op_types: Operators that it is shown; none means every one.
            accuracy: Its accuracy class.
            domain: Whose operators: ONNX's own, if not given.
        """

        def register(function: NodeRewrite) -> NodeRewrite:
            def apply(model: ir.Model) -> int:
                return _each_node(model.graph, function, op_types, domain)

            prefix = f"{domain}::" if domain else ""
            operators = tuple(f"{prefix}{op_type}" for op_type in op_types)
            self._add(Rewrite(name, accuracy, apply, _description(name, function), operators))
            return function

        return register

    def _add(self, rewrite: Rewrite) -> None:
        if rewrite.name in self._by_name:
            raise ValueError(f"two rewrites are called {rewrite.name!r}")
        self._by_name[rewrite.name] = rewrite

    def _alike(self, unknown: list[str]) -> str:
        alike = difflib.get_close_matches(unknown[0], self._by_name, 1)
        return f'; did you mean "{alike[0]}"?' if alike else ""

    def chosen(
        self, names: Iterable[str] = (), without: Iterable[str] = (), *, only: bool = False
    ) -> list[Rewrite]:
        """Return the exact rewrites and the named ones, without those that were switched off.

        Args:
            names: Bounded rewrites to return as well.
            without: Rewrites to leave out.
            only: Return just the named ones.

        Raises:
            UsageError: A name is not known, or is both asked for and switched off.
        """
        names, without = tuple(names), tuple(without)
        unknown = [name for name in (*names, *without) if name not in self._by_name]
        if unknown:
            raise UsageError(
                f"no rewrite is called {', '.join(unknown)}{self._alike(unknown)}; run decant ops"
                " --rewrites, which lists them"
            )
        both = sorted({*names} & {*without})
        if both:
            raise UsageError(
                f"rewrite {', '.join(both)}: asked for and switched off; leave one out"
            )
        return [
            rewrite
            for rewrite in self._by_name.values()
            if rewrite.name not in without
            and (rewrite.name in names or (rewrite.accuracy == "exact" and not only))
        ]


def _description(name: str, function: GraphRewrite | NodeRewrite) -> str:
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"rewrite {name!r} has no docstring with its before and after")
    return text


def _each_node(
    graph: ir.Graph, function: NodeRewrite, op_types: tuple[str, ...], domain: str
) -> int:
    domains = (domain,) if domain else ("", "ai.onnx")
    count = 0
    for node in list(graph):
        other = node.domain not in domains
        if node.graph is None or other or (op_types and node.op_type not in op_types):
            continue  # already gone, or not what the function looks for
        count += function(node)
    return count


def apply(model: ir.Model, rewrites: Iterable[Rewrite]) -> tuple[ir.Model, tuple[Applied, ...]]:
    """Run rewrites on a private copy until none applies any more.

    A rewrite is tried only when none before it applies. Closed branches are rewritten likewise,
    each as a model of its own, when nothing around them changes any more. Inputs and outputs keep
    their names, order and element types. A value that keeps its name keeps its meaning, so ONNX
    Runtime's intermediate results of the original model can be compared with those of the rewritten
    one by name.

    Returns:
        The rewritten copy, and the rewrites that applied, in their order.

    Raises:
        SpecError: A user's rewrite applies for ever, or changed inputs or outputs.
        InternalError: One of decant's own did.
    """
    rewrites = list(rewrites)
    copy = model.clone()
    passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(copy)
    _sweep(copy)
    changes = _Changes(copy.graph)

    def rewritten(body: ir.Model) -> ir.Model:
        result, inner = apply(body, rewrites)
        changes.add_within(inner)
        return result

    for _ in range(MAX_ROUNDS):
        if any(_try(rewrite, copy, changes) for rewrite in rewrites):
            continue
        if not rewrite_bodies(copy.graph, rewritten):
            break
    else:
        raise _restless(changes.latest)
    _check_borders(model, copy, changes.latest)
    return copy, tuple(changes.of(rewrite) for rewrite in rewrites if changes.counts[rewrite.name])


class _Changes:
    """What each rewrite has changed so far.

    Attributes:
        counts: Name of a rewrite → places in the graph.
        latest: The rewrites that applied, the latest last.
    """

    def __init__(self, graph: ir.Graph) -> None:
        self.counts: Counter[str] = Counter()
        self.latest: list[Rewrite] = []
        self._graph = graph
        self._own = {node: node.name or str(node.outputs[0].name) for node in graph}
        self._nodes = set(self._own)
        self._removed: dict[str, list[ir.Node]] = {}
        self._added: dict[str, list[ir.Node]] = {}
        self._within: dict[str, list[Applied]] = {}

    def add(self, rewrite: Rewrite, count: int) -> None:
        """Compare the graph, in which a rewrite has just applied, with that before."""
        before, self._nodes = self._nodes, set(self._graph)
        self.counts[rewrite.name] += count
        self.latest.append(rewrite)
        self._removed.setdefault(rewrite.name, []).extend(before - self._nodes)
        self._added.setdefault(rewrite.name, []).extend(self._nodes - before)

    def add_within(self, inner: Iterable[Applied]) -> None:
        """Take in what was changed inside of a node's branch or body."""
        for each in inner:
            self.counts[each.name] += each.count
            self._within.setdefault(each.name, []).append(each)

    def of(self, rewrite: Rewrite) -> Applied:
        """Sum up what one rewrite has changed."""
        gone = {*self._removed.get(rewrite.name, [])}
        removed = Counter(node.op_type for node in gone)
        added = Counter(node.op_type for node in self._added.get(rewrite.name, []))
        names = [name for node, name in self._own.items() if node in gone]
        for inner in self._within.get(rewrite.name, []):
            removed.update(inner.removed)
            added.update(inner.added)
            names.extend(inner.nodes)
        count = self.counts[rewrite.name]
        changed = _sorted(removed), _sorted(added), tuple(names)
        return Applied(rewrite.name, rewrite.accuracy, count, *changed)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _try(rewrite: Rewrite, model: ir.Model, changes: _Changes) -> bool:
    """Apply one rewrite everywhere; whether it changed anything."""
    applied = rewrite.apply(model)
    if applied:
        logger.debug("%s applied %d times", rewrite.name, applied)
        _sweep(model)
        changes.add(rewrite, applied)
    return applied > 0


def _sweep(model: ir.Model) -> None:
    """Remove nodes and constants that nothing reads."""
    for node in reversed(list(model.graph)):
        prune(node)
    for name, value in list(model.graph.initializers.items()):
        if not value.uses() and not value.is_graph_output():
            del model.graph.initializers[name]


def _restless(latest: list[Rewrite]) -> DecantError:
    """Say which rewrites apply for ever, a user's before decant's own."""
    last = {rewrite.name: rewrite for rewrite in latest[-SHOWN_RESTLESS:]}
    names = ", ".join(last)
    for rewrite in last.values():
        if rewrite.file is not None:
            return SpecError(
                f"operators file {rewrite.file}: rewrite {rewrite.name} does not come to rest (the"
                f" last that applied: {names}); let it return False where nothing is left to change"
            )
    return InternalError(f"Rewrites do not come to rest: the last that applied: {names}.")


def _check_borders(before: ir.Model, after: ir.Model, rewrites: Iterable[Rewrite]) -> None:
    for kind in ("inputs", "outputs"):
        old = [(v.name, v.dtype) for v in getattr(before.graph, kind)]
        new = [(v.name, v.dtype) for v in getattr(after.graph, kind)]
        if old == new:
            continue
        changed = f"changed the model's {kind}: {old} became {new}"
        for rewrite in rewrites:
            if rewrite.file is not None:
                raise SpecError(
                    f"operators file {rewrite.file}: a rewrite {changed}; make what takes an"
                    " output's place with decant.graph.edit.replace"
                )
        raise InternalError(f"A rewrite {changed}.")
