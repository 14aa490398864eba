"""A training loop that resumes to the same result.

A batch is a pure function of the settings and the step, so the state to keep is small: weights,
their running average, the optimiser and the step. An interrupted run goes on from the step at which
it stopped and ends, on the same machine with the same threads, with the same bits.
"""

from __future__ import annotations

from .check import check_parts, check_recipe, model_of, settings_of
from .checkpoint import save_weights
from .loop import fit, log_progress, train
from .recipe import Batch, Objective, Progress, Recipe, Result, Settings, Supervised
from .run import Report, learning_rate

__all__ = [
    "Batch",
    "Objective",
    "Progress",
    "Recipe",
    "Report",
    "Result",
    "Settings",
    "Supervised",
    "check_parts",
    "check_recipe",
    "fit",
    "learning_rate",
    "log_progress",
    "model_of",
    "save_weights",
    "settings_of",
    "train",
]
