"""Times files side by side, so that their ratios hold on a noisy machine.

All files are loaded in one process and take turns, round by round, in an order that rotates.
Whatever slows a round down slows the first file of the same round down too, so the ratio of a round
is steadier than any time in it.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .runtime import LiteRtModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .tensors import TensorInfo

BUDGET_S = 20.0
WARM_SHARE = 0.1
MAX_ROUNDS = 200
MIN_ROUNDS = 3
# A file's turn lasts about this long, so that a fast file is not timed in cold caches only.
TURN_S = 0.02
MAX_CALLS = 10


class File(Protocol):
    """A `.tflite` with the description of its inputs and outputs."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """As conversion or quantization described them."""

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """The same."""


@dataclass(slots=True)
class Turns:
    """One loaded file and its times, in seconds.

    Attributes:
        model: Fed and ready.
        calls: Timed inferences per turn.
        times: Of every timed inference.
        rounds: Median of each turn.
    """

    model: LiteRtModel
    calls: int = 1
    times: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)


def take_turns(files: Sequence[File], threads: int, budget_s: float = BUDGET_S) -> list[Turns]:
    """Time files on seeded noise, on some threads; native code runs in this process.

    Args:
        files: What is timed.
        threads: XNNPACK's worker threads.
        budget_s: For all files together, at least `MIN_ROUNDS` rounds.

    Raises:
        DataError: If LiteRT cannot run a file.
    """
    turns = [_load(file, threads) for file in files]
    start = time.perf_counter()
    for turn in turns:
        _warm_up(turn, budget_s * WARM_SHARE / len(turns))
    gc.collect()
    gc.disable()
    try:
        for number in range(MAX_ROUNDS):
            if number >= MIN_ROUNDS and time.perf_counter() - start > budget_s:
                break
            first = number % len(turns)
            for turn in turns[first:] + turns[:first]:
                _one_turn(turn)
    finally:
        gc.enable()
    return turns


def _load(file: File, threads: int) -> Turns:
    """Load a file and feed it."""
    model = LiteRtModel(file.path, file.inputs, file.outputs, threads=threads)
    model.feed(model.sample())
    return Turns(model)


def _warm_up(turn: Turns, seconds: float) -> None:
    """Run until caches and clocks have settled; decides how many calls make a turn."""
    end = time.perf_counter() + seconds
    times = [_timed(turn.model), _timed(turn.model)]
    while time.perf_counter() < end and len(times) < 50:
        times.append(_timed(turn.model))
    turn.calls = int(np.clip(TURN_S / np.median(times), 1, MAX_CALLS))


def _one_turn(turn: Turns) -> None:
    """Run once untimed, since the other files have emptied the caches, then time the calls."""
    turn.model.invoke()
    times = [_timed(turn.model) for _ in range(turn.calls)]
    turn.times += times
    turn.rounds.append(float(np.median(times)))


def _timed(model: LiteRtModel) -> float:
    start = time.perf_counter()
    model.invoke()
    return time.perf_counter() - start
