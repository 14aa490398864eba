"""What a teacher is worth: short runs with and without it, paired by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from decant.errors import UsageError
from decant.paths import AnyPath
from decant.training import Batch, Recipe, Result, Settings, Supervised, fit, train

from .loop import begun, distill
from .plan import Plan
from .swap import SwappedRecipe

UNDISTILLED, DISTILLED = "undistilled", "distilled"
VARIANTS = (UNDISTILLED, DISTILLED)
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One student: how it was trained, and its figures by metric."""

    variant: str
    seed: int
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Gain:
    """What distillation adds to a metric.

    Attributes:
        undistilled: Mean over the seeds.
        distilled: Mean over the seeds.
        gains: Of each seed, in their order.
        mean_gain: Of all seeds.
        low: Lower end of the 95 % interval, Student's t over the paired gains.
        high: Upper end.
    """

    undistilled: float
    distilled: float
    gains: tuple[float, ...]
    mean_gain: float
    low: float
    high: float


def short(settings: Settings, steps: int, seed: int) -> Settings:
    """Shorten a recipe's settings: the same schedule over fewer steps, validated at the end."""
    warmup = min(settings.warmup_steps, steps // 5)
    return replace(settings, steps=steps, warmup_steps=warmup, seed=seed, validate_every=steps)


def train_variant(
    variant: str,
    recipe: Recipe[Batch],
    teacher_checkpoint: AnyPath,
    folder: AnyPath,
    settings: Settings,
    plan: Plan | None = None,
) -> Result:
    """Train a student with or without its teacher; equal seeds start from equal weights.

    Args:
        variant: "undistilled" or "distilled".
        recipe: Models, data and loss.
        teacher_checkpoint: Of the teacher; without one a student with modules swapped, which is
            the teacher's network, begins with its weights all the same.
        folder: Gets checkpoint, log and resume state.
        settings: The same for both variants of a pair.
        plan: What is distilled; the recipe's if None.

    Raises:
        DataError: If the checkpoint is unusable or the folder cannot be written.
    """
    if variant == DISTILLED:
        return distill(recipe, teacher_checkpoint, folder, settings=settings, plan=plan)
    if isinstance(recipe, SwappedRecipe):
        student, _, _ = begun(recipe, teacher_checkpoint, settings)
        return fit(Supervised(recipe, student), recipe, settings, Path(folder, "student"))
    return train(recipe, folder, settings=settings)


def paired_gains(runs: Sequence[ComparedRun]) -> dict[str, Gain]:
    """Compare the two variants, metric by metric, over the seeds that both were trained with.

    Raises:
        UsageError: If fewer than two seeds were: one difference has no interval.
    """
    figures = {
        variant: {run.seed: run.figures for run in runs if run.variant == variant}
        for variant in VARIANTS
    }
    seeds = sorted(figures[UNDISTILLED].keys() & figures[DISTILLED].keys())
    if len(seeds) < 2:
        raise UsageError(f"{len(seeds)} pairs have no interval; compare at least 2")
    return {
        metric: _gain(*([figures[variant][seed][metric] for seed in seeds] for variant in VARIANTS))
        for metric in figures[DISTILLED][seeds[0]]
    }


def _gain(plain: Sequence[float], helped: Sequence[float]) -> Gain:
    from scipy import stats

    gains = np.subtract(helped, plain)
    mean = float(gains.mean())
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(gains) - 1) * stats.sem(gains))
    return Gain(
        undistilled=float(np.mean(plain)),
        distilled=float(np.mean(helped)),
        gains=tuple(float(gain) for gain in gains),
        mean_gain=mean,
        low=mean - half,
        high=mean + half,
    )
