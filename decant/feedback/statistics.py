"""How often users correct the model, and how long they wait for its answer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .records import Record

LEVEL = 0.95
KINDS = ("delete", "move", "add", "remark")


@dataclass(frozen=True, slots=True)
class Rate:
    """A probability with its 95 % interval after Clopper and Pearson (1934).

    The interval takes photos as independent; those of one user are less so, and it is then too
    narrow.

    Attributes:
        value: Share of photos, 0…1.
        low: Lower bound.
        high: Upper bound.
        count: Photos with the event.
        n: Photos.
    """

    value: float
    low: float
    high: float
    count: int
    n: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Milliseconds from shutter to screen over `n` photos."""

    median: float
    p90: float
    p99: float
    n: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """What users' feedback says of a model.

    Attributes:
        corrected: Photos with a correction of any kind, remarks included.
        by_kind: Photos with a correction of that kind.
        shutter_to_screen_ms: Of all photos that have the time; None where none has.
        by_file_ms: The same by the file that ran and the accelerator that ran it.
    """

    corrected: Rate
    by_kind: Mapping[str, Rate]
    shutter_to_screen_ms: Waiting | None
    by_file_ms: Mapping[str, Waiting]


def summarise(records: Sequence[Record], files: Mapping[str, str]) -> Statistics:
    """Count the corrections and sort the times of at least one record.

    Args:
        records: Of one model.
        files: Name by SHA-256 of each of its files.
    """
    kinds = [{each.kind for each in record.corrections} for record in records]
    groups = defaultdict(list)
    for record in records:
        if record.times_ms.shutter_to_screen is not None:
            name = f"{files[record.model_sha256]} on {record.accelerator}"
            groups[name].append(record.times_ms.shutter_to_screen)
    every = [time for times in groups.values() for time in times]
    return Statistics(
        corrected=rate(bool(each) for each in kinds),
        by_kind={kind: rate(kind in each for each in kinds) for kind in KINDS},
        shutter_to_screen_ms=_waiting(every) if every else None,
        by_file_ms={name: _waiting(times) for name, times in sorted(groups.items())},
    )


def rate(events: Iterable[bool]) -> Rate:
    """Estimate a probability from at least one event or its absence."""
    seen = list(events)
    result = binomtest(sum(seen), len(seen))
    interval = result.proportion_ci(confidence_level=LEVEL, method="exact")
    return Rate(
        value=float(result.statistic),
        low=float(interval.low),
        high=float(interval.high),
        count=sum(seen),
        n=len(seen),
    )


def _waiting(times_ms: Sequence[float]) -> Waiting:
    median, p90, p99 = np.quantile(times_ms, (0.5, 0.9, 0.99))
    return Waiting(float(median), float(p90), float(p99), len(times_ms))
