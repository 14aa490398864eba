"""Trains the float weights and the ranges of an integer file under the float file as teacher."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from decant.artifacts import read_json, write_json
from decant.errors import DataError
from decant.training import Settings, fit, log_progress
from decant.training.check import figures_of

from .teaching import Taught, Teaching

if TYPE_CHECKING:
    from collections.abc import Callable

    from decant.training.run import Report

    from .form import IntegerForm

logger = logging.getLogger(__name__)

STEM = "student"
BEGUN = "begun.json"
"""What a run was begun with: one of anything else does not go on from its state."""
LEAST_STEPS = 20
NO_MEMORY = ("allocate memory", "out of memory")


@dataclass(frozen=True, slots=True)
class Learned:
    """What a training has come to.

    Attributes:
        steps: Made.
        before_db: Signal-to-noise ratio on what is held out, before.
        after_db: With what is kept.
        kept: Whether the learned weights are better than those from before.
    """

    steps: int
    before_db: float
    after_db: float
    kept: bool


def learn(
    student: IntegerForm,
    teaching: Teaching,
    folder: Path,
    settings: Settings,
    *,
    minutes: float | None = None,
    origin: str = "",
    report: Report = log_progress,
) -> Learned:
    """Train a student in place; goes on where an interrupted run of the same stopped.

    Args:
        student: Gets the learned weights, or stays as it is where they are no better.
        teaching: Under which.
        folder: For the resume state and the log.
        settings: How long and how.
        minutes: Of training at most; fewer steps are made where they would take longer.
        origin: Names all that the run depends on besides the settings.
        report: Called with the progress.

    Raises:
        DataError: The time or the memory is not enough, or the folder cannot be written.
        SpecError: The loss is NaN or infinite.
    """
    with told_of_memory(settings):
        objective = Taught(teaching, student)
        before = figures_of(teaching, student)["snr_db"]
        chosen = _begun(folder, settings, origin, lambda: _affordable(objective, settings, minutes))
        start = copy.deepcopy(student.state_dict())
        result = fit(objective, teaching, chosen, folder / STEM, report)
        student.load_state_dict(_read_weights(result.checkpoint))
        after = result.metrics["snr_db"]
    if after <= before:
        student.load_state_dict(start)
    return Learned(chosen.steps, before, max(before, after), after > before)


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


def _begun(
    folder: Path, settings: Settings, origin: str, afforded: Callable[[], Settings]
) -> Settings:
    """Give the settings that a run began with if it was of the same, else begin one."""
    file, asked = folder / BEGUN, {"origin": origin, "settings": asdict(settings)}
    if file.is_file():
        begun = read_json(file)
        if {key: begun.get(key) for key in asked} == asked:
            return replace(settings, **begun["afforded"])
    (folder / f"{STEM}.state").unlink(missing_ok=True)
    chosen = afforded()
    lengths = {"steps": chosen.steps, "warmup_steps": chosen.warmup_steps}
    folder.mkdir(parents=True, exist_ok=True)
    write_json(file, {**asked, "afforded": lengths})
    return chosen


def _affordable(objective: Taught, settings: Settings, minutes: float | None) -> Settings:
    """Shorten a training to what fits into the time, by one step's duration.

    Raises:
        DataError: If hardly any step fits.
    """
    if minutes is None:
        return settings
    tried = copy.deepcopy(objective.model)
    (teaching,) = objective.teaching
    trial = Taught(teaching, tried)
    batch = teaching.batch(settings, 0)
    durations = []
    for _ in range(2):
        began = time.monotonic()
        torch.stack([*trial.losses(batch).values()]).sum().backward()  # type: ignore[no-untyped-call]
        durations.append(time.monotonic() - began)
    steps = min(settings.steps, int(minutes * 60 / min(durations)))
    if steps < min(LEAST_STEPS, settings.steps):
        raise DataError(
            f"{minutes:g} minutes are enough for {steps} steps of training of"
            f" {min(durations):.1f} s each; give {LEAST_STEPS * min(durations) / 60:.1f} minutes or"
            " more, or a smaller batch_size"
        )
    if steps < settings.steps:
        logger.info("%d of %d steps fit into the time", steps, settings.steps)
    return replace(settings, steps=steps, warmup_steps=min(settings.warmup_steps, steps // 10))


@contextmanager
def told_of_memory(settings: Settings) -> Iterator[None]:
    """Say what to do where the memory is not enough.

    Raises:
        DataError: If it is not.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        told = isinstance(error, MemoryError) or any(each in str(error) for each in NO_MEMORY)
        if not told:
            raise
        raise DataError(
            f"the memory is not enough to train on {settings.batch_size} samples at once; give a"
            " smaller batch_size"
        ) from error
