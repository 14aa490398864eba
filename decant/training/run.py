"""The moving parts of one training run: a step, the reports, what it takes to go on later."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic

import torch
from torch import nn

from ..artifacts import write_json
from ..interrupts import held
from ..network import lay_out_channels_last
from .check import check_parts, figures_of
from .checkpoint import read_state, save_weights, write_state
from .recipe import Batch, Objective, Progress, Recipe, Result, Settings

Report = Callable[[Progress], None]


class TrainingRun(Generic[Batch]):
    """A run between its first and its last step."""

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
        self._random = torch.get_rng_state()
        self._marked = self._saved = time.monotonic()

    @property
    def state_file(self) -> Path:
        """What the run resumes from, as long as it is not finished."""
        return self.stem.with_suffix(".state")

    def resume(self) -> None:
        """Load the last checkpoint, if there is one.

        Raises:
            DataError: If it is damaged or comes from a run with other settings.
        """
        if not self.state_file.exists():
            return
        state = read_state(self.state_file, asdict(self.settings))
        self.objective.load_state_dict(state["objective"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.history = state["step"], state["history"]
        self._sums, self._random = state["sums"], state["random"]
        torch.set_rng_state(self._random)

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
            "random": self._random,
        }
        write_state(self.state_file, state)
        self._saved = time.monotonic()

    def advance(self, batch: Batch, report: Report) -> None:
        """Make one optimiser step, with whatever is due after it."""
        # What half a step leaves behind must never be saved.
        with held():
            self._optimise(batch)
            self.step += 1
            self._average()
            self._random = torch.get_rng_state()
        self.report(report)
        if time.monotonic() - self._saved > self.settings.checkpoint_s:
            self.save()

    def report(self, report: Report) -> None:
        """Validate and tell if that is due after this step and not done yet."""
        settings, step = self.settings, self.step
        validates = step == settings.steps or step % settings.validate_every == 0
        done = self.history[-1]["step"] if self.history else 0
        if done == step or not (validates or step % settings.log_every == 0):
            return
        metrics = figures_of(self.recipe, self.average) if validates else {}
        count = min((step - 1) % settings.log_every + 1, step - done)
        rate = count * settings.batch_size / max(time.monotonic() - self._marked, 1e-9)
        losses = {name: value / count for name, value in self._sums.items()}
        with held():
            self.history.append({"step": step, **losses, **metrics})
            self.metrics, self._sums, self._random = metrics, {}, torch.get_rng_state()
        remaining = (settings.steps - step) * settings.batch_size / rate
        report(Progress(step, settings.steps, losses, metrics, rate, remaining))
        self._marked = time.monotonic()

    def finish(self) -> Result:
        """Write the averaged weights and the log; the resume state is no longer needed."""
        checkpoint = self.stem.with_suffix(".safetensors")
        save_weights(self.average, checkpoint)
        document = {"settings": asdict(self.settings), "history": self.history}
        write_json(self.stem.with_suffix(".json"), document)
        self.state_file.unlink(missing_ok=True)
        return Result(checkpoint, self.metrics, self.history)

    def _optimise(self, batch: Batch) -> None:
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(settings, self.step)
        self.objective.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
            parts = self.objective.losses(batch)
        check_parts(parts)
        total = torch.stack(list(parts.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.objective.parameters(), settings.clip_norm)
        self.optimizer.step()
        for name, part in {**parts, "loss": total}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(part.detach())

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
