"""Times files in turns, in a process of their own, and says what their times come to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from decant.isolation import run_isolated
from decant.turns import BUDGET_S, take_turns

from .disturbance import other_share, usage
from .schema import Latency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model_file import ModelFile

LEVEL = 0.95


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
        before = usage()
        turns = take_turns(files, setting, budget_s / len(threads))
        other = {"other_work": other_share(before, usage())}
        for file, turn in zip(files, turns, strict=True):
            times = summarise(turn.times, turn.rounds, turns[0].rounds)
            found[file.name][f"threads_{setting}"] = times.model_copy(update=other)
    return found


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
