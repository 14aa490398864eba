"""What a caller asks for when it asks for plans."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from decant.errors import InternalError
from decant.isolation import run_isolated

from ..candidates import run_file
from ..job import Scoring
from ..ranges import choose
from .planning import Planning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from decant.inputs import Run
    from decant.plan_report import PlanReport
    from decant.quantization import Correction, Plan

    from ..candidates import Made
    from ..job import Infos, Job, Outputs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A search for plans that is asked for.

    Attributes:
        asked: What the files have to keep, and for how long to search.
        metric: From the outputs per calibration sample, in their order and in ONNX axis order, to
            a figure of which more is better; None where there is no truth.
        state: Folder for what an interrupted search goes on from; None to begin anew.
        corrections: To try on the files that are found.
    """

    asked: Plan
    metric: Callable[[Sequence[Outputs]], float] | None = None
    state: Path | None = None
    corrections: Sequence[Correction] = ()


def scoring(
    request: PlanRequest, tflite: Path, signature: tuple[Infos, Infos], runs: Sequence[Run]
) -> Scoring | None:
    """Measure the float file by the metric; None where there is none.

    Args:
        request: With the metric.
        tflite: The float file.
        signature: Its inputs and outputs.
        runs: All calibration samples.
    """
    if request.metric is None or not runs:
        return None
    outputs, _ = run_isolated(run_file, tflite, *signature, runs)
    return Scoring(runs, request.metric, request.metric(outputs))


def carried_out(request: PlanRequest, job: Job, made: Made) -> PlanReport | None:
    """Search, and let what was found join the candidates.

    Returns:
        None where there are no ranges to plan with.
    """
    if job.judge is None or isinstance(job.statistics, InternalError) or not job.statistics:
        logger.warning("no plan: it needs calibration data that the model runs on")
        return None
    ranges = choose(job.graph, job.statistics, job.calibrators)
    return Planning(job, made, ranges, request.asked, request.state, request.corrections).run()
