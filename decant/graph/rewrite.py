"""The rewrite engine: named graph → graph functions with an accuracy class, run to a fixpoint."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import onnx_ir as ir
from onnx_ir.passes import common as passes

from decant.errors import InternalError, UsageError

from .control_flow import rewrite_bodies
from .edit import prune

logger = logging.getLogger(__name__)

Accuracy = Literal["exact", "bounded"]
GraphRewrite = Callable[[ir.Model], int]
NodeRewrite = Callable[[ir.Node], bool]

MAX_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A registered rewrite.

    Attributes:
        name: What reports and `to_tflite(rewrites=…)` call it.
        accuracy: "exact" (equal but for rounding; on by default) or "bounded" (opt-in).
        apply: Changes the model in place and returns how often it applied.
        summary: First line of its docstring.
    """

    name: str
    accuracy: Accuracy
    apply: GraphRewrite
    summary: str


@dataclass(frozen=True, slots=True)
class Applied:
    """How often one rewrite changed a model."""

    name: str
    accuracy: Accuracy
    count: int


class Rewrites:
    """A set of rewrites in the order in which they are tried."""

    def __init__(self, *parts: Rewrites) -> None:
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
            self._add(Rewrite(name, accuracy, function, _summary(name, function.__doc__)))
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

            self._add(Rewrite(name, accuracy, apply, _summary(name, function.__doc__)))
            return function

        return register

    def _add(self, rewrite: Rewrite) -> None:
        if rewrite.name in self._by_name:
            raise ValueError(f"two rewrites are called {rewrite.name!r}")
        self._by_name[rewrite.name] = rewrite

    def chosen(self, names: Iterable[str] = (), *, only: bool = False) -> list[Rewrite]:
        """Return all exact rewrites and the named ones, or, with `only`, just the named ones.

        Raises:
            UsageError: A name is not known.
        """
        names = tuple(names)
        unknown = [name for name in names if name not in self._by_name]
        if unknown:
            raise UsageError(
                f"No rewrite is called {', '.join(unknown)}; there are: {', '.join(self._by_name)}."
            )
        return [
            rewrite
            for rewrite in self._by_name.values()
            if rewrite.name in names or (rewrite.accuracy == "exact" and not only)
        ]


def _summary(name: str, doc: str | None) -> str:
    if not doc:
        raise ValueError(f"rewrite {name!r} has no docstring with its before and after")
    return doc.strip().splitlines()[0]


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
        InternalError: The rewrites undo each other for ever, or one changed inputs or outputs.
    """
    rewrites = list(rewrites)
    copy = model.clone()
    passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(copy)
    counts = {rewrite.name: 0 for rewrite in rewrites}
    _sweep(copy)

    def rewritten(body: ir.Model) -> ir.Model:
        result, inner = apply(body, rewrites)
        for each in inner:
            counts[each.name] += each.count
        return result

    for _ in range(MAX_ROUNDS):
        if any(_try(rewrite, copy, counts) for rewrite in rewrites):
            continue
        if not rewrite_bodies(copy.graph, rewritten):
            break
    else:
        raise InternalError(f"Rewrites do not come to rest: {counts}.")
    _check_borders(model, copy)
    applied = (Applied(r.name, r.accuracy, counts[r.name]) for r in rewrites)
    return copy, tuple(entry for entry in applied if entry.count)


def _try(rewrite: Rewrite, model: ir.Model, counts: dict[str, int]) -> bool:
    """Apply one rewrite everywhere; whether it changed anything."""
    applied = rewrite.apply(model)
    if applied:
        logger.debug("%s applied %d times", rewrite.name, applied)
        counts[rewrite.name] += applied
        _sweep(model)
    return applied > 0


def _sweep(model: ir.Model) -> None:
    """Remove nodes and constants that nothing reads."""
    for node in reversed(list(model.graph)):
        prune(node)
    for name, value in list(model.graph.initializers.items()):
        if not value.uses() and not value.is_graph_output():
            del model.graph.initializers[name]


def _check_borders(before: ir.Model, after: ir.Model) -> None:
    for kind in ("inputs", "outputs"):
        old = [(v.name, v.dtype) for v in getattr(before.graph, kind)]
        new = [(v.name, v.dtype) for v in getattr(after.graph, kind)]
        if old != new:
            raise InternalError(f"A rewrite changed the model's {kind}: {old} became {new}.")
