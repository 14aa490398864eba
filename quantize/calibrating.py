"""Calibrates for recipes: statistics of activations, and which calibrator each of them takes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from decant.errors import InternalError

from .calibrate import measure_in_chunks
from .calibrator_choice import Calibration, choose_calibrators

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from decant.flatbuffer.graph import Graph
    from decant.inputs import Runs

    from .calibration import Statistics
    from .job import Infos
    from .recipes import Recipe

logger = logging.getLogger(__name__)


def calibrated(
    graph: Graph, inputs: Infos, samples: Runs, recipes: Sequence[Recipe], state: Path | None
) -> dict[str, Statistics] | InternalError:
    """Measure what the recipes need; a crash fails only those that need it.

    Args:
        graph: The float graph.
        inputs: Of it.
        samples: To calibrate on.
        recipes: That are made.
        state: Folder in which statistics are kept; None to keep none.
    """
    if not any(recipe.needs_calibration for recipe in recipes):
        return {}
    logger.info("calibration: ranges of %d samples …", len(samples))
    try:
        return measure_in_chunks(graph.to_bytes(), inputs, samples, "calibration", state)
    except InternalError as error:
        return InternalError(f"the activations' ranges cannot be measured: {error}")


def calibrators_of(
    graph: Graph,
    signature: tuple[Infos, Infos],
    seen: tuple[Mapping[str, Statistics] | InternalError, Runs],
    recipes: Sequence[Recipe],
    state: Path | None,
) -> dict[str, str]:
    """Choose each activation's calibrator, where a recipe leaves it open.

    Args:
        graph: The float graph.
        signature: Its inputs and outputs.
        seen: Statistics on samples, and other samples.
        recipes: That are made.
        state: Folder in which statistics are kept; None to keep none.
    """
    statistics, held_out = seen
    asked = any(each.needs_calibration and each.calibrator == "auto" for each in recipes)
    if not asked or isinstance(statistics, InternalError):
        return {}
    logger.info("calibration: which ranges do least harm on %d other samples …", len(held_out))
    content = graph.to_bytes()
    others = measure_in_chunks(content, signature[0], held_out, "calibrators", state)
    return choose_calibrators(Calibration(graph, signature, statistics, others, [*held_out]))
