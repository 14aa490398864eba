"""Does distillation help? Short runs with and without it, same steps, same seeds, paired.

    python -m decant.zoo.detector.comparison TEACHER.safetensors FOLDER

Each run trains in a process and thread of its own, so that two cores do two runs; a run whose
result is already in FOLDER is not done again. Ends with FOLDER/comparison.json.
"""

from __future__ import annotations

import importlib
import json
import logging
import multiprocessing
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from decant.artifacts import read_json, write_json
from decant.network import load_weights
from decant.training import Result, train

from .augment import load_pages
from .training import SETTINGS, DetectorRecipe, evaluate, fit, recipe

TESTSET = Path(__file__).parent / "testset"
SEEDS = (0, 1, 2)
STEPS = 200
VARIANTS = ("undistilled", "distilled")
METRICS = ("ap50", "ap", "quad_ap50")

log = logging.getLogger(__name__)


def figures_on_test_set(checkpoint: Path, role: str = "student") -> dict[str, float]:
    """Measure a checkpoint, in PyTorch and float32, on the committed test set."""
    model = recipe().model(role)
    load_weights(model, checkpoint)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return evaluate(model, [fit(page) for page in load_pages(TESTSET, None)])


@cache
def _recipe() -> DetectorRecipe:
    return recipe()


def short_run(teacher: Path, folder: Path, seed: int, variant: str, steps: int) -> dict[str, Any]:
    """Train one student and measure it on the test set; reuses a finished result."""
    done = folder / f"{variant}-{seed}.json"
    if done.exists():
        result: dict[str, Any] = read_json(done)
        return result
    torch.set_num_threads(1)
    settings = replace(
        SETTINGS["student"], steps=steps, warmup_steps=steps // 5, seed=seed, validate_every=steps
    )
    target = folder / f"{variant}-{seed}"
    if variant == "distilled":
        # Stages don't import each other; the command line reaches them in this way too.
        distill: Callable[..., Result] = importlib.import_module("decant.distill").distill
        trained = distill(_recipe(), teacher, target, settings=settings)
    else:
        trained = train(_recipe(), target, settings=settings)
    figures = {name: round(v, 5) for name, v in figures_on_test_set(trained.checkpoint).items()}
    result = {"variant": variant, "seed": seed, "steps": steps, **figures}
    write_json(done, result)
    return result


def paired_difference(runs: list[dict[str, Any]], metric: str) -> dict[str, Any]:
    """Give the mean gain of distillation with its 95 % interval (Student's t, paired by seed)."""
    by_variant: Mapping[str, dict[int, float]] = {
        variant: {run["seed"]: run[metric] for run in runs if run["variant"] == variant}
        for variant in VARIANTS
    }
    plain, helped = (by_variant[variant] for variant in VARIANTS)
    gains = np.asarray([helped[seed] - plain[seed] for seed in sorted(plain.keys() & helped)])
    half = stats.t.ppf(0.975, len(gains) - 1) * stats.sem(gains)
    mean = float(gains.mean())
    return {
        "undistilled": round(float(np.mean(list(plain.values()))), 5),
        "distilled": round(float(np.mean(list(helped.values()))), 5),
        "gains": [round(float(gain), 5) for gain in gains],
        "mean_gain": round(mean, 5),
        "low": round(mean - float(half), 5),
        "high": round(mean + float(half), 5),
    }


def compare(teacher: Path, folder: Path, steps: int = STEPS) -> dict[str, Any]:
    """Make all runs, two at a time, and write `comparison.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        # The distilled runs take longer, so they start first.
        jobs = [
            pool.submit(short_run, teacher, folder, seed, variant, steps)
            for variant in reversed(VARIANTS)
            for seed in SEEDS
        ]
        runs = [job.result() for job in jobs]
    document = {
        "runs": runs,
        "difference": {metric: paired_difference(runs, metric) for metric in METRICS},
    }
    write_json(folder / "comparison.json", document)
    return document


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    log.info("%s", json.dumps(compare(Path(sys.argv[1]), Path(sys.argv[2]))["difference"]))
