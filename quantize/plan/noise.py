"""Measures what rounding each value alone does to the outputs.

A ratio of noise to signal is that of the weakest part of the outputs, as `Judge` finds it. Noise of
many independent roundings adds up, so that the sum over what a plan rounds foretells what its file
will keep; the file itself is measured afterwards.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.flatbuffer.graph import Graph
from decant.isolation import run_isolated

from ..simulate import simulator, weights_of
from .kept import Kept
from .simulation import MOST_RUNS, judging, rounded_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from decant.inputs import Run

    from ..ranges import Range
    from ..simulate import Infos
    from .simulation import Assignment

    Value = tuple[str, int]

PROCESSES = 2
# After so long what was measured is written down, lest an interrupt lose it.
TURN_S = 20.0


@dataclass(frozen=True, slots=True)
class Noise:
    """Ratios of noise to signal at the outputs' weakest part.

    Attributes:
        activations: By tensor, where it alone is int8.
        weights: By operator, where its weights alone are.
        unmeasured: How many values there was no time for, which are taken to be like the others.
    """

    activations: Mapping[int, float]
    weights: Mapping[int, float]
    unmeasured: int = 0


@dataclass(frozen=True, slots=True)
class Effort:
    """How long noise is measured.

    Attributes:
        budget_s: Time for all; values are measured in an order of chance until it is spent.
        seed: Of the order.
        state: Folder that keeps what was measured, for the next time; None to keep nothing.
    """

    budget_s: float
    seed: int = 0
    state: Path | None = None


def measure_noise(
    graph: Graph,
    signature: tuple[Infos, Infos],
    runs: Sequence[Run],
    ranges: Mapping[str, Range],
    most: Assignment,
    effort: Effort,
) -> Noise:
    """Measure what rounding each activation, and the weights of each operator, does.

    Args:
        graph: The float graph.
        signature: Its inputs and outputs.
        runs: To measure on, apart from those that the ranges are from.
        ranges: Tensor's name → what its int8 values span.
        most: The schemes that round all that any plan rounds; nothing else is measured.
        effort: How long, and where what was measured is kept.

    Raises:
        InternalError: LiteRT crashed.
    """
    model = graph.to_bytes()  # which numbers tensors anew
    tensors, operators = rounded_by(graph, most)
    names = {graph.name(tensor): tensor for tensor in _activations(graph) if tensor in tensors}
    spans = {names[name]: span for name, span in ranges.items() if name in names}
    weighted = [n for n in sorted(operators) if weights_of(graph, graph.operators[n])]
    wanted: list[Value] = [("activation", each) for each in spans]
    wanted += [("weights", each) for each in weighted]
    np.random.default_rng(effort.seed).shuffle(wanted)
    few = list(runs[:MOST_RUNS])
    kept = Kept.of(effort.state, model, few, spans)
    found = {key: ratio for key, ratio in kept.read().items() if key in wanted}
    until = time.monotonic() + effort.budget_s
    with ThreadPoolExecutor(PROCESSES) as pool:
        while (left := [key for key in wanted if key not in found]) and time.monotonic() < until:
            turn_s = min(TURN_S, until - time.monotonic())
            share = partial(_measured_apart, model, signature, few, spans, turn_s)
            parts = pool.map(share, [left[start::PROCESSES] for start in range(PROCESSES)])
            for part in parts:
                found.update(part)
            kept.write(found)
    return _filled(wanted, found)


def _filled(wanted: Iterable[Value], found: Mapping[Value, float]) -> Noise:
    """Take what was not measured for the median of its kind."""
    of_kind: dict[str, list[float]] = {"activation": [], "weights": []}
    for (kind, _), ratio in found.items():
        of_kind[kind].append(ratio)
    usual = {kind: float(np.median(ratios or [0.0])) for kind, ratios in of_kind.items()}
    ratios = {key: found.get(key, usual[key[0]]) for key in wanted}
    return Noise(
        {number: ratio for (kind, number), ratio in ratios.items() if kind == "activation"},
        {number: ratio for (kind, number), ratio in ratios.items() if kind == "weights"},
        len(ratios) - len(found),
    )


def _activations(graph: Graph) -> list[int]:
    """List the float tensors that are given or computed."""
    computed = [int(tensor) for operator in graph.operators for tensor in operator.outputs]
    return [tensor for tensor in (*graph.inputs, *computed) if graph.is_float(tensor)]


def _measured_apart(*arguments: Any) -> dict[Value, float]:
    """Measure a share of the values in a process of its own."""
    return run_isolated(_measure, *arguments)


def _measure(
    model: bytes,
    signature: tuple[Infos, Infos],
    runs: Sequence[Run],
    spans: Mapping[int, Range],
    budget_s: float,
    wanted: Sequence[Value],
) -> dict[Value, float]:
    """Measure a share of the values; for a child process."""
    until = time.monotonic() + budget_s
    found: dict[Value, float] = {}
    with simulator(Graph.from_bytes(model), *signature) as simulated:
        judged = judging(simulated, runs)
        for kind, number in wanted:
            if time.monotonic() > until:
                break
            activations = {number: spans[number]} if kind == "activation" else {}
            found[kind, number] = judged(activations, [number] if kind == "weights" else [])
    return found
