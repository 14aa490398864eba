"""Keeps what a search for plans finds, and says of every file what is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from decant.plan_report import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from decant.plan_report import OperatorGroup

    from ..candidates import Made
    from ..cost import Costs as OperatorCosts
    from ..report import Candidate
    from .assignment import Costs
    from .noise import Noise
    from .search import Search, Tried
    from .simulation import Assignment


@dataclass(slots=True)
class Found:
    """What a search for plans has found until now.

    Attributes:
        costs: Of the operators.
        noise: Of the values.
        objective: What plans want little of.
        search: With the plans whose files have been made.
        by_demand: Name of a demand → the cheapest plan that meets it.
        float_ms: Time of the float file.
        ratios: Candidate → its time over the float file's.
        groups: What each module's operators cost.
    """

    costs: OperatorCosts | None = None
    noise: Noise | None = None
    objective: Costs | None = None
    search: Search | None = None
    by_demand: dict[str, Tried] = field(default_factory=dict)
    float_ms: float | None = None
    ratios: Mapping[str, float] = field(default_factory=dict)
    groups: tuple[OperatorGroup, ...] = ()


def points_of(found: Found, made: Made, schemes_of: Callable[[str], Assignment]) -> list[Point]:
    """Describe every file that was made and judged, the fastest first.

    Args:
        found: By the search.
        made: The candidates.
        schemes_of: Gives the schemes of a candidate's operators, by its name.
    """
    points = [_point(found, each, schemes_of(each.name), kept=True) for each in made.candidates]
    rejected = {} if found.search is None else found.search.tried
    points += [
        _point(found, tried.candidate, tried.foreseen.schemes, kept=False)
        for tried in rejected.values()
        if tried.content not in made.contents.values()
    ]
    return sorted(points, key=lambda each: (each.latency_ratio or 9, each.name))


def _point(found: Found, candidate: Candidate, schemes: Assignment, *, kept: bool) -> Point:
    return Point(
        name=candidate.name,
        foreseen=None if found.objective is None else found.objective.whole_cost(schemes),
        latency_ratio=found.ratios.get(candidate.name),
        snr_db=candidate.weakest_db,
        drop=candidate.drop,
        size_bytes=candidate.size_bytes,
        schemes=dict(Counter(schemes)),
        kept=kept,
    )


def prediction_error(points: Sequence[Point], float_ms: float | None) -> float | None:
    """Give the median error of foreseen times, relative to the measured ones."""
    errors = [
        abs(each.foreseen / (each.latency_ratio * float_ms) - 1)
        for each in points
        if float_ms is not None and each.foreseen is not None and each.latency_ratio is not None
    ]
    return float(np.median(errors)) if errors else None
