"""A training loop that resumes to the same result.

A batch is a pure function of the settings and the step, so the state to keep is small: weights,
their running average, the optimiser and the step. An interrupted run goes on from its last
checkpoint and ends, on the same machine with the same threads, with the same bits.
"""

from __future__ import annotations

import copy
import io
import logging
import math
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from safetensors.torch import save
from torch import Tensor, nn

from .artifacts import write_bytes, write_json
from .errors import DataError
from .network import lay_out_channels_last
from .progress import track

log = logging.getLogger(__name__)

Batch = TypeVar("Batch")
BATCHES_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how to train; the count of steps is fixed, so a run is reproducible.

    Attributes:
        steps: Optimiser steps.
        batch_size: Samples per step.
        learning_rate: Peak, after the warm-up.
        weight_decay: AdamW's, on weights of two and more dimensions only.
        warmup_steps: Linear rise; then half a cosine down to a hundredth of the peak.
        average_decay: Of the exponential moving average of the weights, which is what ships.
        clip_norm: Largest gradient norm.
        seed: Of weights and batches.
        validate_every: Steps between two validations; one is made at the end anyway.
        log_every: Steps between two progress reports.
        checkpoint_s: Seconds between two checkpoints.
        bfloat16: Autocast the forward pass; about twice as fast where the CPU has AVX512_BF16.
    """

    steps: int
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_steps: int = 100
    average_decay: float = 0.998
    clip_norm: float = 10.0
    seed: int = 0
    validate_every: int = 500
    log_every: int = 20
    checkpoint_s: float = 120.0
    bfloat16: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; `metrics` is empty between validations."""

    step: int
    steps: int
    losses: Mapping[str, float]
    metrics: Mapping[str, float]
    samples_per_s: float
    remaining_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a run left behind: the averaged weights and the log's figures."""

    checkpoint: Path
    metrics: Mapping[str, float]
    history: list[dict[str, Any]] = field(default_factory=list)


class Recipe(Protocol[Batch]):
    """What a model brings to be trained; a spec names a function that returns one."""

    def settings(self, role: str) -> Settings:
        """Give the settings for "student" or "teacher"."""

    def model(self, role: str) -> nn.Module:
        """Build the model of a role with random weights."""

    def batch(self, settings: Settings, step: int) -> Batch:
        """Make the batch of a step: the same for the same settings and step."""

    def inputs(self, batch: Batch) -> Tensor:
        """Give the model's input of a batch."""

    def loss(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """Give the parts of the loss; training minimises their sum."""

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Measure a model on the validation data; fractions by metric name."""


class Objective(nn.Module, Generic[Batch]):
    """What the loop optimises: `model` ships, other submodules only help."""

    model: nn.Module

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Give the parts of the loss on a batch."""
        raise NotImplementedError


class Supervised(Objective[Batch]):
    """A model and its recipe's own loss."""

    def __init__(self, recipe: Recipe[Batch], model: nn.Module) -> None:
        super().__init__()
        self.recipe = recipe
        self.model = model

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Give the recipe's loss."""
        return self.recipe.loss(self.model(self.recipe.inputs(batch)), batch)


Report = Callable[[Progress], None]


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
    folder: Path,
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
    """
    chosen = settings or recipe.settings(role)
    torch.manual_seed(chosen.seed)
    return fit(Supervised(recipe, recipe.model(role)), recipe, chosen, folder / role, report)


def fit(
    objective: Objective[Batch],
    recipe: Recipe[Batch],
    settings: Settings,
    stem: Path,
    report: Report = log_progress,
) -> Result:
    """Optimise an objective; writes `stem`.safetensors, `stem`.json and `stem`.state."""
    run = _Run(objective, recipe, settings, stem)
    run.resume()
    with ThreadPoolExecutor(1) as pool:
        batches = _batches(recipe, settings, run.step, pool)
        for batch in track(batches, f"training {stem.name}", settings.steps - run.step):
            run.advance(batch, report)
    return run.finish()


def _batches(
    recipe: Recipe[Batch], settings: Settings, start: int, pool: ThreadPoolExecutor
) -> Iterator[Batch]:
    """Yield the batches from `start` on, made a few ahead in another thread."""
    last = settings.steps
    queue = [
        pool.submit(recipe.batch, settings, step)
        for step in range(start, min(start + BATCHES_AHEAD, last))
    ]
    for step in range(start, last):
        batch = queue.pop(0).result()
        if step + BATCHES_AHEAD < last:
            queue.append(pool.submit(recipe.batch, settings, step + BATCHES_AHEAD))
        yield batch


class _Run(Generic[Batch]):
    """The moving parts of one run."""

    def __init__(
        self, objective: Objective[Batch], recipe: Recipe[Batch], settings: Settings, stem: Path
    ) -> None:
        self.objective, self.recipe = objective, recipe
        self.settings, self.stem = settings, stem
        lay_out_channels_last(objective)
        self.average = copy.deepcopy(objective.model).eval()
        self.optimizer = _optimizer(objective, settings)
        self.step = 0
        self.history: list[dict[str, Any]] = []
        self.metrics: dict[str, float] = {}
        self._sums: dict[str, float] = {}
        self._marked = self._saved = time.monotonic()

    @property
    def _state_file(self) -> Path:
        return self.stem.with_suffix(".state")

    def resume(self) -> None:
        """Load the last checkpoint, if there is one."""
        if not self._state_file.exists():
            return
        try:
            state = torch.load(self._state_file, weights_only=True)
        except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, OSError) as error:
            # torch's own message advises loading with code execution.
            raise DataError(f"{self._state_file}: damaged; delete it to start again") from error
        if state["settings"] != asdict(self.settings):
            raise DataError(
                f"{self._state_file} was made with other settings ({state['settings']}); "
                "delete it to start again, or put the settings back"
            )
        self.objective.load_state_dict(state["objective"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.history = state["step"], state["history"]
        self._sums = state["sums"]
        torch.set_rng_state(state["random"])

    def save(self) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "settings": asdict(self.settings),
            "objective": self.objective.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "history": self.history,
            "sums": self._sums,
            "random": torch.get_rng_state(),
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_bytes(self._state_file, buffer.getvalue())
        self._saved = time.monotonic()

    def advance(self, batch: Batch, report: Report) -> None:
        """Make one optimiser step, with whatever reporting is due after it."""
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(settings, self.step)
        self.objective.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
            parts = self.objective.losses(batch)
        total = torch.stack(list(parts.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.objective.parameters(), settings.clip_norm)
        self.optimizer.step()
        self.step += 1
        self._average()
        for name, part in {**parts, "loss": total}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(part.detach())
        self._after_step(report)

    @torch.no_grad()
    def _average(self) -> None:
        """Move the average towards the weights; early on it follows faster."""
        decay = min(self.settings.average_decay, (1 + self.step) / (10 + self.step))
        average, current = self.average.state_dict(), self.objective.model.state_dict()
        for name, value in average.items():
            if value.is_floating_point():
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])

    def _after_step(self, report: Report) -> None:
        settings, last = self.settings, self.step == self.settings.steps
        validates = last or self.step % settings.validate_every == 0
        if validates or self.step % settings.log_every == 0:
            self._report(report, validates)
        if time.monotonic() - self._saved > settings.checkpoint_s:
            self.save()

    def _report(self, report: Report, validates: bool) -> None:
        """Average the losses since the last report, validate if due, and tell."""
        since = (self.step - 1) % self.settings.log_every + 1
        done = self.history[-1]["step"] if self.history else 0
        count = min(since, self.step - done) or 1
        rate = count * self.settings.batch_size / max(time.monotonic() - self._marked, 1e-9)
        losses = {name: value / count for name, value in self._sums.items()}
        self.metrics = self.recipe.evaluate(self.average) if validates else {}
        self.history.append({"step": self.step, **losses, **self.metrics})
        remaining = (self.settings.steps - self.step) * self.settings.batch_size / rate
        report(Progress(self.step, self.settings.steps, losses, self.metrics, rate, remaining))
        self._sums, self._marked = {}, time.monotonic()

    def finish(self) -> Result:
        """Write the averaged weights and the log; the resume state is no longer needed."""
        checkpoint = self.stem.with_suffix(".safetensors")
        save_weights(self.average, checkpoint)
        document = {"settings": asdict(self.settings), "history": self.history}
        write_json(self.stem.with_suffix(".json"), document)
        self._state_file.unlink(missing_ok=True)
        return Result(checkpoint, self.metrics, self.history)


def learning_rate(settings: Settings, step: int) -> float:
    """Give the rate of a step: linear warm-up, then half a cosine to a hundredth of the peak."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    span = max(1, settings.steps - settings.warmup_steps)
    cosine = (1 + math.cos(math.pi * (step - settings.warmup_steps) / span)) / 2
    return settings.learning_rate * (0.01 + 0.99 * cosine)


def _optimizer(objective: nn.Module, settings: Settings) -> torch.optim.AdamW:
    """Build AdamW; biases and norms don't decay."""
    parameters = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def save_weights(model: nn.Module, path: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a model's weights as safetensors, floating ones in `dtype`.

    Raises:
        DataError: If the file cannot be written.
    """
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
        # BatchNorm's step count is not a weight.
        if not name.endswith("num_batches_tracked")
    }
    write_bytes(path, save(tensors))
