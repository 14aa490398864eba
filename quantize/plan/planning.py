"""Plans mixed files for a network: measures costs and noise, searches, and says what came of it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from decant.errors import DataError, InternalError
from decant.fidelity import BROKEN_DB, GOOD_DB
from decant.files import PLAN_FILE, PLAN_FIT_FILE, PLAN_GOOD_FILE
from decant.plan_report import PlanReport

from ..candidates import make
from ..islands import float_groups
from ..modules import by_tensors
from ..ranges import written_by
from ..recipes import STATIC_INT8
from .assignment import most_rounded
from .choice import FLOAT, choose, keeps
from .corrected import corrected_plan
from .groups import alone_in_int8, members_by_module, operator_groups
from .noise import Effort, measure_noise
from .objectives import objective_of
from .reporting import Found, points_of, prediction_error
from .search import Search, foreseen_plans
from .simulation import all_float, simulated_noise, simulated_outputs
from .timing import latency_ratios

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from decant.plan_report import Stopped
    from decant.quantization import Correction, Plan

    from ..candidates import Made
    from ..job import Job
    from ..ranges import Range
    from ..recipes import Recipe
    from ..report import Candidate
    from .simulation import Assignment

logger = logging.getLogger(__name__)

# Of the time that is left when they begin.
NOISE_SHARE = 0.4
SEARCH_SHARE = 0.7
FILES = {"plan": PLAN_FILE, "plan_good": PLAN_GOOD_FILE, "plan_fit": PLAN_FIT_FILE}
"""By the name of a demand."""
LONGEST_TIMING_S = 20.0
SHORTEST_TIMING_S = 1.0


@dataclass(frozen=True, slots=True)
class Demand:
    """What a planned file has to keep.

    Attributes:
        name: Of the candidate that keeps it at the least cost.
        snr_db: Which it is expected to need.
        meets: Whether a file keeps it.
    """

    name: str
    snr_db: float
    meets: Callable[[Candidate], bool]


@dataclass(frozen=True, slots=True)
class Planning:
    """A search for plans, beside the candidates that recipes have made.

    Attributes:
        job: What the files are made of.
        made: The candidates, which the plans' join.
        ranges: Of the activations, by name.
        asked: What the user asks for.
        state: Folder for what an interrupted search goes on from; None to begin anew.
        corrections: To try on what was found.
        started: On the clock of `time.monotonic`.
    """

    job: Job
    made: Made
    ranges: Mapping[str, Range]
    asked: Plan
    state: Path | None = None
    corrections: Sequence[Correction] = ()
    started: float = field(default_factory=time.monotonic)
    found: Found = field(default_factory=Found)

    def run(self) -> PlanReport:
        """Search until all is known or the time is over.

        An interrupt or a fault ends the search, and what was found until then counts.

        Returns:
            What came of it.

        Raises:
            DataError: LiteRT refuses a candidate's file when it is timed.
            InternalError: It crashes on it.
            SpecError: The metric is at fault.
        """
        stopped: Stopped = "finished"
        try:
            self._learn()
            self._search()
            self._time()
            self._describe_groups()
        except KeyboardInterrupt:
            logger.warning("interrupted: the best of what was found until now is kept")
            self._take_tried()
            stopped = "interrupted"
        except (DataError, InternalError) as error:
            logger.warning("the search for mixed files failed: %s; what there is is kept", error)
            stopped = "failed"
        if stopped == "finished" and self._left_s == 0:
            stopped = "time"
        self._keep()
        if not self.found.ratios:
            # Whatever ended it: which file to ship is told by times alone.
            self._time(SHORTEST_TIMING_S)
        chosen = choose(self.made.candidates, self._relative_costs(), self.asked, self._samples)
        return self._report(stopped, chosen)

    @property
    def _left_s(self) -> float:
        """Seconds of the budget that are left."""
        return max(0.0, self.started + self.asked.budget_s - time.monotonic())

    @property
    def _samples(self) -> int:
        """How many runs the metric is measured on."""
        return 0 if self.job.scoring is None else len(self.job.scoring.runs)

    def _learn(self) -> None:
        """Measure what operators cost and what rounding each value does."""
        from ..cost import measure_costs

        graph = self.job.graph
        logger.info("plan: time of each operator in each scheme …")
        self.found.costs = costs = measure_costs(graph, cache=self.state, ranges=self.ranges)
        self.found.objective = objective = objective_of(
            self.asked.objective, graph, costs, self._kept_float()
        )
        logger.info("plan: noise of each value …")
        self.found.noise = measure_noise(
            graph,
            self.job.signature,
            self.job.held_out,
            self.ranges,
            most_rounded(graph, objective),
            Effort(self._left_s * NOISE_SHARE, self.asked.seed, self.state),
        )

    def _kept_float(self) -> list[int]:
        """List the operators that the rules for static files keep float."""
        graph = self.job.graph
        kinds = STATIC_INT8.kinds
        rules = STATIC_INT8.model_copy(update={"groups": float_groups(graph, self.ranges)})
        named = [(graph.kind(each), written_by(graph, each)) for each in graph.operators]
        return [
            number
            for number, (kind, names) in enumerate(named)
            if kind in kinds and not rules.scheme_of(kind, names).ranged
        ]

    def _search(self) -> None:
        """Make the files that tell which plan meets each demand at the least cost."""
        found, graph = self.found, self.job.graph
        assert found.objective is not None
        assert found.noise is not None
        plans = foreseen_plans(graph, found.objective, found.noise, self._simulated)
        until = time.monotonic() + self._left_s * SEARCH_SHARE
        found.search = search = Search(graph, plans, self._make, until)
        for demand in self._demands():
            tried = search.cheapest(demand.meets, demand.snr_db)
            if tried is not None:
                found.by_demand[demand.name] = tried
        self._correct()
        self._keep()

    def _take_tried(self) -> None:
        """Take what meets the demands that were still searched for."""
        search = self.found.search
        if search is None:
            return
        for demand in self._demands():
            tried = search.cheapest_tried(demand.meets)
            if tried is not None:
                self.found.by_demand.setdefault(demand.name, tried)

    def _correct(self) -> None:
        """Try corrections on the files that were found, while there is time."""
        for demand in self._demands() if self.corrections else ():
            tried = self.found.by_demand.get(demand.name)
            if tried is not None and self._left_s > 0:
                corrected = corrected_plan(self.job, tried, self.corrections, demand.meets)
                self.found.by_demand[demand.name] = corrected

    def _simulated(self, plans: Sequence[Assignment]) -> list[float]:
        job = self.job
        return simulated_noise(job.graph, job.signature, job.held_out, self.ranges, plans)

    def _demands(self) -> list[Demand]:
        """Say what planned files have to keep, the strictest first."""

        def kept(candidate: Candidate) -> bool:
            return keeps(candidate, self.asked, self._samples)

        least = self.asked.min_snr_db
        if least is not None:
            return [Demand("plan", least, kept)]
        return [
            Demand("plan_good", GOOD_DB, lambda each: kept(each) and each.weakest_db >= GOOD_DB),
            Demand("plan_fit", BROKEN_DB, kept),
        ]

    def _keep(self) -> None:
        """Let the files that meet a demand join the candidates, each under the strictest's name."""
        known = {*self.made.contents.values()}
        for name, tried in self.found.by_demand.items():
            if tried.content in known:
                continue
            known.add(tried.content)
            file = FILES[name]
            recipe = tried.candidate.recipe.model_copy(update={"name": name, "file": file})
            update = {"name": name, "file": file, "recipe": recipe}
            self.made.candidates.append(tried.candidate.model_copy(update=update))
            self.made.contents[file] = tried.content

    def _time(self, most_s: float = LONGEST_TIMING_S) -> None:
        """Time all candidates that are fit, in turns."""
        fit = [each for each in self.made.candidates if each.fit]
        budget_s = min(most_s, max(SHORTEST_TIMING_S, self._left_s / 4))
        if fit:
            logger.info("plan: %d files in turns with the float file …", len(fit))
            timed = latency_ratios(self.job, fit, self.made.contents, budget_s)
            self.found.float_ms, self.found.ratios = timed

    def _describe_groups(self) -> None:
        """Find out what each module's operators cost alone, in accuracy too."""
        job, costs = self.job, self.found.costs
        assert costs is not None
        members = members_by_module(job.graph, job.modules)
        alone = [alone_in_int8(each, costs, len(job.graph.operators)) for each in members.values()]
        noise = self._simulated(alone)
        drops = [self._drop(schemes) for schemes in alone]
        chosen = choose(self.made.candidates, self._relative_costs(), self.asked, self._samples)
        schemes = self.schemes_of(chosen)
        self.found.groups = operator_groups(job.graph, members, costs, schemes, noise, drops)

    def _drop(self, schemes: Assignment) -> float | None:
        """Simulate what the metric loses with some schemes; None without one or without time."""
        job = self.job
        if job.scoring is None or self._left_s == 0:
            return None
        runs = job.scoring.runs
        outputs = simulated_outputs(job.graph, job.signature, runs, self.ranges, schemes)
        return job.scoring.reference - job.scoring.figure(outputs)

    def schemes_of(self, name: str) -> Assignment:
        """Give the schemes of a candidate's operators."""
        for each in self.made.candidates:
            if each.name == name and self.found.costs is not None:
                return self.found.costs.schemes(self._named(each), self.job.graph)
        return all_float(self.job.graph)

    def _make(self, recipe: Recipe) -> tuple[Candidate, bytes]:
        """Make a plan's file, with the borders of the static files beside it."""
        integers = any(each.recipe.borders == "int8" for each in self.made.candidates)
        return make(self.job, recipe.with_borders("int8" if integers else "float"))

    def _named(self, candidate: Candidate) -> Recipe:
        return by_tensors(candidate.recipe, self.job.graph, self.job.modules)

    def _relative_costs(self) -> dict[str, float]:
        """Give what candidates cost, relative to the float file; those that are slower than it not.

        Times are foreseen ones where an interrupt came before they were measured.
        """
        objective, asked = self.found.objective, self.asked.objective
        if objective is None or (asked == "latency" and self.found.ratios):
            return dict(self.found.ratios)
        if asked == "size":
            whole = self.job.float_file.stat().st_size
            costs = {each.name: each.size_bytes / whole for each in self.made.candidates}
        else:
            floats = objective.whole_cost(self.schemes_of(FLOAT)) or 1.0
            costs = {
                each.name: objective.whole_cost(self.schemes_of(each.name)) / floats
                for each in self.made.candidates
            }
        return {name: cost for name, cost in costs.items() if self.found.ratios.get(name, 1) <= 1}

    def _report(self, stopped: Stopped, chosen: str) -> PlanReport:
        """Say what was found, and with what effort."""
        found, asked = self.found, self.asked
        points = points_of(found, self.made, self.schemes_of)
        timed = asked.objective == "latency"
        return PlanReport(
            objective=asked.objective,
            unit="ms" if found.objective is None else found.objective.unit,
            budget_s=asked.budget_s,
            spent_s=round(time.monotonic() - self.started, 1),
            stopped=stopped,
            float_ms=found.float_ms,
            prediction_error=prediction_error(points, found.float_ms) if timed else None,
            unmeasured=0 if found.noise is None else found.noise.unmeasured,
            points=tuple(points),
            groups=found.groups,
            chosen=chosen,
        )
