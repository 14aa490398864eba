"""Subjects of a lint, made of graphs in the test's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from static_graphs import Growing

from decant.quantize import STATIC_INT8
from decant.quantize.lint import CHECKS, LintFinding
from decant.quantize.lint.observe import observe
from decant.quantize.lint.partitions import Outside, Partitions
from decant.quantize.lint.subject import Subject, sample_numbers
from decant.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from decant.flatbuffer import Graph
    from decant.quantize import Recipe


class Built(Growing):
    """A graph that is built by hand from inputs of any shape, called "x", "x_1" and so on."""

    def __init__(self, *shapes: Sequence[int]) -> None:
        super().__init__(0)
        self.graph.subgraph.tensors = []
        self.inputs = [self.graph.add_tensor("x", shape) for shape in shapes]
        self.graph.subgraph.inputs = self.inputs

    def constant(self, value: Any, name: str = "constant") -> int:
        return self.graph.add_constant(name, np.asarray(value, np.float32))

    def ends(self, *outputs: int) -> Graph:
        self.graph.subgraph.outputs = list(outputs)
        self.graph.ensure_signature()
        return self.graph


def subject(
    graph: Graph,
    samples: Sequence[NDArray[Any] | Sequence[NDArray[Any]]] = (),
    *,
    recipe: Recipe = STATIC_INT8,
    modules: Mapping[str, str] | None = None,
) -> Subject:
    """Run a graph on samples, each an array, or one for each input."""
    inputs, outputs = (
        [
            TensorInfo(name=name, shape=graph.shape(tensor), dtype=graph.dtype(tensor).name)
            for name, tensor in tensors.items()
        ]
        for tensors in (graph.signature_inputs(), graph.signature_outputs())
    )
    rows = [[each] if isinstance(each, np.ndarray) else each for each in samples]
    names = [info.name for info in inputs]
    given = [
        {name: np.asarray(array, np.float32) for name, array in zip(names, row, strict=True)}
        for row in rows
    ]
    runs = [given[at] for at in sample_numbers(len(given))]
    real = Outside({}, 1, len(graph.operators))
    return Subject(
        graph=graph,
        modules=modules or {},
        recipe=recipe,
        inputs=inputs,
        samples=runs,
        given_samples=len(given),
        observed=observe(graph.to_bytes(), inputs, outputs, runs) if runs else None,
        partitions=Partitions(real, None),
    )


def findings(code: str, looked_at: Subject) -> list[LintFinding]:
    """Run one check."""
    (check,) = [check for check in CHECKS if check.code == code]
    return list(check.findings(looked_at))


def normal(count: int, *shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Draw [count, *shape] samples."""
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)
