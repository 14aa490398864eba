"""Chooses the file to ship among measured candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.fidelity import GOOD_DB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.quantization import Plan

    from ..report import Candidate

FLOAT = "float"
# What a file of which everything is good may take more than one of which something is doubtful.
WORTH = 1.15
# What a file takes of the float file's at most to be called better: times differ by chance.
BETTER = 0.97
# What a metric may lose where nobody says: 0.3 points, or what one sample decides.
USUAL_DROP = 0.003


def choose(
    candidates: Sequence[Candidate], costs: Mapping[str, float], asked: Plan, samples: int
) -> str:
    """Name the candidate that costs least among those that keep what is asked.

    Where nobody says what has to be kept, a file of which every part is good is taken if it costs
    at most 15 % more than the best of all that are fit.

    Args:
        candidates: All there are.
        costs: By name what they cost, relative to the float file.
        asked: What the user asks for.
        samples: How many the metric is measured on.

    Returns:
        "float" where no candidate keeps it and costs less than the float file.
    """
    fitting = [each for each in candidates if costs.get(each.name, 1.0) < BETTER]
    fitting = [each for each in fitting if keeps(each, asked, samples)]
    if not fitting:
        return FLOAT
    best = min(fitting, key=lambda each: costs[each.name])
    good = [each for each in fitting if each.weakest_db >= GOOD_DB]
    if good and asked.min_snr_db is None:
        best_good = min(good, key=lambda each: costs[each.name])
        if costs[best_good.name] <= WORTH * costs[best.name]:
            return best_good.name
    return best.name


def keeps(candidate: Candidate, asked: Plan, samples: int) -> bool:
    """Say whether a candidate keeps what is asked of it."""
    if not candidate.fit or candidate.weakest_db < (asked.min_snr_db or 0.0):
        return False
    return candidate.drop is None or candidate.drop <= allowed_drop(asked, samples)


def allowed_drop(asked: Plan, samples: int) -> float:
    """Say how much less the metric may be."""
    if asked.max_drop is not None:
        return asked.max_drop
    return max(USUAL_DROP, 1 / samples) if samples else USUAL_DROP
