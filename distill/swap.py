"""The swapped network as student of the one that it was made of, and what the swap cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

import torch
from torch import Tensor, nn

from decant.spec import SwapKind
from decant.swaps import SwapCost, settle, swap_modules
from decant.training import Batch, Recipe, Result, Settings, model_of
from decant.training.check import figures_of
from decant.user_code import user_code


@dataclass
class SwappedRecipe(Generic[Batch]):
    """A recipe whose teacher is its own student's network, and whose student has modules swapped.

    Attributes:
        recipe: The user's.
        swaps: Pattern of module paths → what takes their place.
        swapped: Path → what became of it, once a student was made.
        before: Figures of the "original" and the "swapped" network, once a student was begun.
    """

    recipe: Recipe[Batch]
    swaps: Mapping[str, SwapKind]
    swapped: dict[str, str] = field(default_factory=dict)
    before: dict[str, dict[str, float]] = field(default_factory=dict)

    def settings(self, role: str) -> Settings:
        """Give the settings of the recipe's student: both are its network."""
        return self.recipe.settings("student")

    def model(self, role: str) -> nn.Module:
        """Build the recipe's student, for the role of the student with its modules swapped."""
        network = model_of(self.recipe, "student")
        if role == "student":
            self.swapped = swap_modules(network, self.swaps)
        return network

    def batch(self, settings: Settings, step: int) -> Batch:
        """Make the recipe's batch."""
        return self.recipe.batch(settings, step)

    def inputs(self, batch: Batch) -> Tensor:
        """Give the recipe's input of a batch."""
        return self.recipe.inputs(batch)

    def loss(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """Give the recipe's loss."""
        return self.recipe.loss(outputs, batch)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Give the recipe's figures."""
        return self.recipe.evaluate(model)

    def begin(self, student: nn.Module, teacher: nn.Module, batch: Batch) -> None:
        """Give a student its teacher's weights, and note what both can do before it is trained."""
        student.load_state_dict(teacher.state_dict(), strict=False)
        with user_code("the recipe's model, with modules swapped,"), torch.no_grad():
            settle(student, self.recipe.inputs(batch))
        networks = {"original": teacher, "swapped": student}
        self.before = {
            name: figures_of(self.recipe, each.eval()) for name, each in networks.items()
        }

    def cost_of(self, result: Result) -> SwapCost:
        """Say what the swap cost, now that the student is trained."""
        return SwapCost(self.swapped, {**self.before, "retrained": dict(result.metrics)})
