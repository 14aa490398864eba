"""Finds the cheapest file that keeps what is asked of it.

What noise is worth is unknown at first: each price gives the plan that is cheapest at it, so that
going through the prices gives the plans from the fastest to the most faithful, each the best of
its kind (Everett, 1963: generalized Lagrange multipliers). Of them the files are made and judged
that tell where the demands are met.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from decant.errors import DecantError

from .assignment import assign, recipe_of
from .simulation import all_float, decibels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from decant.flatbuffer.graph import Graph

    from ..recipes import Recipe
    from ..report import Candidate
    from .assignment import Costs
    from .noise import Noise
    from .simulation import Assignment

    Make = Callable[[Recipe], tuple[Candidate, bytes]]
    Simulate = Callable[[Sequence[Assignment]], Sequence[float]]

logger = logging.getLogger(__name__)

# Prices of noise, relative to the cost of the whole per noise of the whole.
PRICES = np.logspace(-4, 4, 81)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A plan before its file is made.

    Attributes:
        schemes: By operator.
        cost: Of the whole file, as foreseen.
        snr_db: Ratio of signal to noise of the outputs' weakest part, as simulated.
    """

    schemes: Assignment
    cost: float
    snr_db: float


@dataclass(frozen=True, slots=True)
class Tried:
    """A plan whose file has been made and judged.

    Attributes:
        foreseen: What was expected of it.
        candidate: What came of it.
        content: The file.
    """

    foreseen: Foreseen
    candidate: Candidate
    content: bytes


@dataclass(slots=True)
class Search:
    """Makes and judges plans until it knows the cheapest that meets each demand.

    Attributes:
        graph: The float graph.
        plans: From the cheapest to the most faithful.
        make: Makes and judges the file of a recipe.
        until: When no further file is begun, on the clock of `time.monotonic`.
        tried: By number of the plan.
        failures: By number of the plan, why it made no file.
    """

    graph: Graph
    plans: Sequence[Foreseen]
    make: Make
    until: float
    tried: dict[int, Tried] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)

    def cheapest(self, meets: Callable[[Candidate], bool], snr_db: float) -> Tried | None:
        """Find the cheapest plan that meets a demand, which dearer plans meet as well.

        Args:
            meets: Whether a plan's file does.
            snr_db: At which it is expected; the search begins there.

        Returns:
            None if none was found that does, be it for want of time.
        """
        first, behind, found = 0, len(self.plans), None
        place = next((n for n, each in enumerate(self.plans) if each.snr_db >= snr_db), behind - 1)
        step = 1
        while first < behind and not self.spent:
            made = self._made(place)
            if made is not None and meets(made.candidate):
                found, behind = made, place
                place = max(place - step, first)
            else:
                first = place + 1
                place = min(place + step, behind - 1)
            # Close to where it is expected first, then further and further away.
            step *= 2
            if first > 0 and behind < len(self.plans):
                place = (first + behind) // 2
        return found

    def cheapest_tried(self, meets: Callable[[Candidate], bool]) -> Tried | None:
        """Give the cheapest of the plans already tried that meet a demand; None if none does."""
        met = (self.tried[number] for number in sorted(self.tried))
        return next((each for each in met if meets(each.candidate)), None)

    @property
    def spent(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.until

    def _made(self, number: int) -> Tried | None:
        """Make a plan's file, once."""
        if number not in self.tried and number not in self.failures:
            plan = self.plans[number]
            name = f"plan_{number}"
            try:
                made = self.make(recipe_of(self.graph, plan.schemes, name, f"{name}.tflite"))
            except DecantError as error:
                logger.info("plan %d of %d makes no file: %s", number + 1, len(self.plans), error)
                self.failures[number] = str(error)
            else:
                self.tried[number] = Tried(plan, *made)
                logger.info(
                    "plan %d of %d keeps %.1f dB (foreseen: %.1f)",
                    *(number + 1, len(self.plans), made[0].weakest_db, plan.snr_db),
                )
        return self.tried.get(number)


def foreseen_plans(graph: Graph, costs: Costs, noise: Noise, simulate: Simulate) -> list[Foreseen]:
    """Give the plans that are cheapest at some price of noise, the cheapest first.

    The float file itself is none.

    Args:
        graph: The float graph.
        costs: Of its operators.
        noise: Of its values.
        simulate: Gives the ratio of noise to signal of plans.
    """
    whole = costs.whole_cost(all_float(graph))
    ratio = sum(noise.activations.values()) + sum(noise.weights.values())
    unit = whole / ratio if ratio else 0.0
    prices = (0.0, *(float(price) * unit for price in PRICES))
    found = dict.fromkeys(assign(graph, costs, noise, price) for price in prices)
    schemes = [each for each in found if each != all_float(graph)]
    plans = [
        Foreseen(each, costs.whole_cost(each), decibels(ratio))
        for each, ratio in zip(schemes, simulate(schemes), strict=True)
    ]
    return _frontier(plans)


def _frontier(plans: Sequence[Foreseen]) -> list[Foreseen]:
    """Leave out what another plan beats in both cost and noise."""
    kept: list[Foreseen] = []
    for plan in sorted(plans, key=lambda each: (each.cost, -each.snr_db)):
        if not kept or plan.snr_db > kept[-1].snr_db:
            kept.append(plan)
    return kept
