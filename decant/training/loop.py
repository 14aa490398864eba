"""Trains a model by its recipe, and goes on where an interrupted run stopped."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from ..interrupts import Terminated, held
from ..paths import AnyPath
from ..progress import track
from .check import check_recipe, model_of, settings_of
from .recipe import Batch, Objective, Progress, Recipe, Result, Settings, Supervised
from .run import Report, TrainingRun

log = logging.getLogger(__name__)

BATCHES_AHEAD = 3


def log_progress(progress: Progress) -> None:
    """Log one line per report."""
    figures = {**progress.losses, **progress.metrics}
    log.info(
        "step %d/%d  %s  %.1f samples/s  %.0f s left",
        progress.step,
        progress.steps,
        "  ".join(f"{name} {value:.4f}" for name, value in figures.items()),
        progress.samples_per_s,
        progress.remaining_s,
    )


def train(
    recipe: Recipe[Batch],
    folder: AnyPath,
    *,
    role: str = "student",
    settings: Settings | None = None,
    report: Report = log_progress,
) -> Result:
    """Train the model of a role from scratch, or go on where an interrupted run stopped.

    Args:
        recipe: Model, data and loss.
        folder: Gets `{role}.safetensors`, `{role}.json` (the log) and the resume state.
        role: "student" or "teacher".
        settings: Instead of the recipe's own.
        report: Called with the progress.

    Raises:
        DataError: If the folder cannot be written or holds a state of other settings.
        SpecError: If the recipe lacks something, or code of it fails.
    """
    check_recipe(recipe)
    chosen = settings or settings_of(recipe, role)
    torch.manual_seed(chosen.seed)
    return fit(
        Supervised(recipe, model_of(recipe, role)), recipe, chosen, Path(folder, role), report
    )


def fit(
    objective: Objective[Batch],
    recipe: Recipe[Batch],
    settings: Settings,
    stem: AnyPath,
    report: Report = log_progress,
) -> Result:
    """Optimise an objective; writes `stem`.safetensors, `stem`.json and `stem`.state.

    When it is interrupted it saves where it stands, and is interrupted then.

    Raises:
        DataError: If the folder cannot be written or holds a state of other settings.
    """
    stem = Path(stem)
    run = TrainingRun(objective, recipe, settings, stem)
    run.resume()
    start = run.step
    try:
        run.report(report)
        with ThreadPoolExecutor(1) as pool:
            batches = _batches(recipe, settings, start, pool)
            for batch in track(batches, f"training {stem.name}", settings.steps - start):
                run.advance(batch, report)
    except (KeyboardInterrupt, Terminated):
        # A second one waits.
        with held():
            if run.step > start:
                run.save()
                log.info("step %d of %d is kept; the next run goes on", run.step, settings.steps)
        raise
    return run.finish()


def _batches(
    recipe: Recipe[Batch], settings: Settings, start: int, pool: ThreadPoolExecutor
) -> Iterator[Batch]:
    """Yield the batches from `start` on; all but the first are made a few ahead in a thread."""
    if start == settings.steps:
        return
    # The first one loads the data, or makes it, which takes long: Ctrl-C is heard in this thread.
    batch = recipe.batch(settings, start)
    ahead = range(start + 1, settings.steps)
    queue = [pool.submit(recipe.batch, settings, step) for step in ahead[:BATCHES_AHEAD]]
    for step in range(start, settings.steps):
        yield batch
        if queue:
            batch = queue.pop(0).result()
        if step + 1 + BATCHES_AHEAD < settings.steps:
            queue.append(pool.submit(recipe.batch, settings, step + 1 + BATCHES_AHEAD))
