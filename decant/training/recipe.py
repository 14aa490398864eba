"""What is trained and how: settings, the recipe a model brings, the objective, what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from torch import Tensor, nn

from ..user_code import user_code

Batch = TypeVar("Batch")


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
    """What a model brings to be trained; a spec names a function that returns one.

    A classifier's is distilled as it is; `decant.distill.plan_of` says what others add.
    """

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
        with user_code("the recipe's model and loss"):
            return self.recipe.loss(self.model(self.recipe.inputs(batch)), batch)
