"""Tries corrections on planned files, which are as good candidates for them as whole ones."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from decant.errors import DecantError

from ..candidates import make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from decant.quantization import Correction

    from ..job import Job
    from ..report import Candidate
    from .search import Tried

logger = logging.getLogger(__name__)


def corrected_plan(
    job: Job,
    tried: Tried,
    corrections: Sequence[Correction],
    meets: Callable[[Candidate], bool],
) -> Tried:
    """Give a plan's file with the corrections that help it; as it was where none does.

    Args:
        job: With the samples.
        tried: The plan and its file.
        corrections: Those to try.
        meets: Whether a file keeps what is asked of this one.
    """
    recipe = tried.candidate.recipe
    if not recipe.integer_weights:
        return tried
    asking = recipe.model_copy(update={"corrections": tuple(corrections)})
    logger.info("plan: corrections of the file that was found …")
    try:
        candidate, content = make(job, asking)
    except DecantError as error:
        logger.warning("corrections of the plan are left out: %s", error)
        told = {"corrections": str(error).split("\n")[0]}
        return replace(tried, candidate=tried.candidate.model_copy(update={"uncorrected": told}))
    if not candidate.recipe.corrections or not meets(candidate):
        told = candidate.uncorrected
        return replace(tried, candidate=tried.candidate.model_copy(update={"uncorrected": told}))
    return replace(tried, candidate=candidate, content=content)
