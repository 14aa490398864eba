"""Times files side by side, so that their ratios hold on a noisy machine.

All files are loaded in one process of their own and take turns, round by round, in an order that
rotates. Whatever slows a round down slows the float file of the same round down too, so the ratio
of a round is steadier than any time in it.
"""

from __future__ import annotations

import gc
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from decant.isolation import run_isolated
from decant.runtime import LiteRtModel

from .disturbance import other_share, usage
from .schema import Latency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model_file import ModelFile

BUDGET_S = 20.0
WARM_SHARE = 0.1
MAX_ROUNDS = 200
MIN_ROUNDS = 3
# A file's turn lasts about this long, so that a fast file is not timed in cold caches only.
TURN_S = 0.02
MAX_CALLS = 10
LEVEL = 0.95


@dataclass(slots=True)
class _Turns:
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


def measure_latency(
    files: Sequence[ModelFile],
    threads: Sequence[int],
    *,
    budget_s: float = BUDGET_S,
) -> dict[str, dict[str, Latency]]:
    """Time files against the first of them on seeded noise, in a process of their own.

    Args:
        files: The reference first.
        threads: Settings to time one after the other.
        budget_s: For everything together, at least `MIN_ROUNDS` rounds.

    Returns:
        File's name → "threads_1" and so on → its times.

    Raises:
        DataError: If LiteRT cannot run a file.
        InternalError: If the process crashed.
    """
    return run_isolated(_measure, tuple(files), tuple(threads), budget_s)


def _measure(
    files: tuple[ModelFile, ...],
    threads: tuple[int, ...],
    budget_s: float,
) -> dict[str, dict[str, Latency]]:
    """Measure in the child."""
    found: dict[str, dict[str, Latency]] = {file.name: {} for file in files}
    for setting in threads:
        turns = [_load(file, setting) for file in files]
        before = usage()
        _take_turns(turns, budget_s / len(threads))
        other = {"other_work": other_share(before, usage())}
        for file, turn in zip(files, turns, strict=True):
            times = summarise(turn.times, turn.rounds, turns[0].rounds)
            found[file.name][f"threads_{setting}"] = times.model_copy(update=other)
    return found


def _load(file: ModelFile, threads: int) -> _Turns:
    """Load a file and feed it."""
    model = LiteRtModel(file.path, file.inputs, file.outputs, threads=threads)
    model.feed(model.sample())
    return _Turns(model)


def _take_turns(turns: list[_Turns], budget_s: float) -> None:
    """Warm up, then time round by round until the budget is spent."""
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


def _warm_up(turn: _Turns, seconds: float) -> None:
    """Run until caches and clocks have settled; decides how many calls make a turn."""
    end = time.perf_counter() + seconds
    times = [_timed(turn.model), _timed(turn.model)]
    while time.perf_counter() < end and len(times) < 50:
        times.append(_timed(turn.model))
    turn.calls = int(np.clip(TURN_S / np.median(times), 1, MAX_CALLS))


def _one_turn(turn: _Turns) -> None:
    """Run once untimed, since the other files have emptied the caches, then time the calls."""
    turn.model.invoke()
    times = [_timed(turn.model) for _ in range(turn.calls)]
    turn.times += times
    turn.rounds.append(float(np.median(times)))


def _timed(model: LiteRtModel) -> float:
    start = time.perf_counter()
    model.invoke()
    return time.perf_counter() - start


def summarise(
    times: Sequence[float], rounds: Sequence[float], reference: Sequence[float]
) -> Latency:
    """Turn seconds into figures.

    The ratio's interval is that of a median from order statistics (binomial, distribution-free);
    fewer than six rounds don't give one of 95 %.

    Args:
        times: Of every timed inference.
        rounds: Of this file, one per round.
        reference: Of the float file in the same rounds.
    """
    ratios = np.sort(np.asarray(rounds) / np.asarray(reference))
    outside = _outside_interval(len(ratios))
    return Latency(
        median=float(np.median(times)) * 1000,
        p90=float(np.quantile(times, 0.9)) * 1000,
        n=len(times),
        ratio_to_reference=float(np.median(ratios)),
        ratio_low=None if outside is None else float(ratios[outside]),
        ratio_high=None if outside is None else float(ratios[-1 - outside]),
    )


def _outside_interval(count: int) -> int | None:
    """Say how many of `count` sorted values lie outside a median's interval at either end.

    How many values lie below the true median is binomial with p = 1/2, and the interval from
    sorted value k (from 0) to its mirror image misses it when that number is at most k at either
    end. So k is the largest whose chance of that is at most 2.5 % (Conover 1999, section 3.2).

    Returns:
        None if even the interval of all values is surer to miss than that.
    """
    tails = np.cumsum([math.comb(count, k) / 2**count for k in range(count)])
    outside = int(np.searchsorted(tails, (1 - LEVEL) / 2, side="right")) - 1
    return None if outside < 0 else outside
