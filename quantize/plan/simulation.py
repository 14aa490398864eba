"""Simulates what whole plans do to the outputs: all is rounded at once that they round."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from decant.fidelity import weakest
from decant.flatbuffer.graph import Graph
from decant.isolation import run_isolated
from decant.quantization import SchemeName

from ..judge import Judge
from ..simulate import simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from decant.inputs import Run

    from ..ranges import Range
    from ..simulate import Infos, Outputs, Simulator

    Rounded = tuple[Mapping[int, Range], Sequence[int]]

Assignment: TypeAlias = tuple[SchemeName, ...]
"""By number of an operator, its scheme."""

# Of the held-out runs: a ratio of a few is good to a decibel, and every value costs a run of each.
MOST_RUNS = 6
NO_NOISE = 1e-20


def all_float(graph: Graph) -> Assignment:
    """Give the schemes of the float file itself."""
    scheme: SchemeName = "float"
    return tuple(scheme for _ in graph.operators)


def decibels(noise: float) -> float:
    """Give the signal-to-noise ratio in dB of a ratio of noise to signal."""
    return float(-10 * np.log10(max(noise, NO_NOISE)))


def simulated_noise(
    graph: Graph,
    signature: tuple[Infos, Infos],
    runs: Sequence[Run],
    ranges: Mapping[str, Range],
    plans: Sequence[Assignment],
) -> list[float]:
    """Measure what all that plans round does together; native code runs in another process.

    Args:
        graph: The float graph.
        signature: Its inputs and outputs.
        runs: As for `measure_noise`.
        ranges: The same.
        plans: By operator, its scheme.

    Returns:
        Of each plan the ratio of noise to signal.

    Raises:
        InternalError: LiteRT crashed.
    """
    model = graph.to_bytes()
    wanted = [_rounded(graph, ranges, schemes) for schemes in plans]
    if not wanted:
        return []
    return run_isolated(_simulate, model, signature, list(runs[:MOST_RUNS]), wanted)


def simulated_outputs(
    graph: Graph,
    signature: tuple[Infos, Infos],
    runs: Sequence[Run],
    ranges: Mapping[str, Range],
    schemes: Assignment,
) -> list[Outputs]:
    """Give the outputs, per run, of the float graph with all rounded that a plan rounds.

    Raises:
        InternalError: LiteRT crashed.
    """
    model = graph.to_bytes()
    rounded = _rounded(graph, ranges, schemes)
    return run_isolated(_simulate_outputs, model, signature, list(runs), rounded)


def _rounded(graph: Graph, ranges: Mapping[str, Range], schemes: Assignment) -> Rounded:
    """Give the spans of what a plan rounds, and whose weights it does."""
    tensors, weights = rounded_by(graph, schemes)
    named = {tensor: graph.name(tensor) for tensor in sorted(tensors)}
    spans = {tensor: ranges[name] for tensor, name in named.items() if name in ranges}
    return spans, sorted(weights)


def _simulate_outputs(
    model: bytes, signature: tuple[Infos, Infos], runs: Sequence[Run], rounded: Rounded
) -> list[Outputs]:
    """Run one plan; for a child process."""
    with simulator(Graph.from_bytes(model), *signature) as simulated:
        return simulated.run(runs, activations=rounded[0], weights=rounded[1])


def rounded_by(graph: Graph, schemes: Assignment) -> tuple[set[int], set[int]]:
    """Give the activations that schemes round, and the operators whose weights they round."""
    tensors, weights = set[int](), set[int]()
    for number, scheme in enumerate(schemes):
        operator = graph.operators[number]
        if scheme == "static_int8":
            tensors.update(int(index) for index in (*operator.inputs, *operator.outputs))
        if scheme == "dynamic_int8":
            tensors.add(int(operator.inputs[0]))
        if scheme != "float":
            weights.add(number)
    return tensors, weights


def _simulate(
    model: bytes,
    signature: tuple[Infos, Infos],
    runs: Sequence[Run],
    wanted: Sequence[Rounded],
) -> list[float]:
    """Measure whole plans; for a child process."""
    with simulator(Graph.from_bytes(model), *signature) as simulated:
        judged = judging(simulated, runs)
        return [judged(spans, weights) for spans, weights in wanted]


def judging(
    simulated: Simulator, runs: Sequence[Run]
) -> Callable[[Mapping[int, Range], Sequence[int]], float]:
    """Give a function from what is rounded to the ratio of noise to signal.

    The ratio is that of the weakest part of the outputs.
    """
    judge = Judge(simulated.run(runs))

    def judged(activations: Mapping[int, Range], weights: Sequence[int]) -> float:
        outputs = simulated.run(runs, activations=activations, weights=weights)
        parts = weakest(judge.parts(outputs, {})).values()
        return float(10 ** (-min(part.snr_db for part in parts) / 10))

    return judged
