"""How often users correct the model, and how long they wait for its answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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

    def __str__(self) -> str:
        bounds = f"{self.low:.1%} to {self.high:.1%}"
        return f"{self.value:.1%} of {self.n} photos (95 %: {bounds})"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long it was from shutter to screen.

    Attributes:
        median: Milliseconds.
        p90: Within which nine photos in ten were answered.
        p99: Within which 99 in a hundred were.
        n: Photos.
    """

    median: float
    p90: float
    p99: float
    n: int

    def __str__(self) -> str:
        return (
            f"median {self.median:.0f} ms, 9 in 10 within {self.p90:.0f} ms, 99 in 100 within "
            f"{self.p99:.0f} ms, n = {self.n}"
        )


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
