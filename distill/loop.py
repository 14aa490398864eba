"""Train a student under a teacher, with the core's resumable loop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from decant.errors import SpecError
from decant.network import lay_out_channels_last, load_weights
from decant.paths import AnyPath
from decant.training import (
    Objective,
    Recipe,
    Report,
    Result,
    Settings,
    fit,
    log_progress,
)

from .losses import feature_loss, regression_loss, score_loss

Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class FeaturePair:
    """Two modules whose outputs [N, C, H, W] are compared, by dotted path, of equal H and W."""

    student: str
    teacher: str


@dataclass(frozen=True, slots=True)
class Response:
    """A dense score output and the output it vouches for, by name, the same in both models."""

    score: str
    regression: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is distilled and how much each kind counts beside the recipe's own loss."""

    features: tuple[FeaturePair, ...]
    responses: tuple[Response, ...]
    feature_weight: float = 1.0
    score_weight: float = 1.0
    regression_weight: float = 1.0


class DistillableRecipe(Recipe[Batch], Protocol[Batch]):
    """A recipe that also says what its student can take over from its teacher."""

    def feature_pairs(self) -> tuple[tuple[str, str], ...]:
        """Give the (student, teacher) module paths to compare."""

    def responses(self) -> tuple[tuple[str, str], ...]:
        """Give the (score, regression) output names to compare."""


def plan_of(recipe: DistillableRecipe[Any]) -> Plan:
    """Build the plan a recipe asks for, with the default weights."""
    return Plan(
        tuple(FeaturePair(*pair) for pair in recipe.feature_pairs()),
        tuple(Response(*pair) for pair in recipe.responses()),
    )


class _Tap:
    """Keeps what a module last gave."""

    def __init__(self, model: nn.Module, path: str, owner: str) -> None:
        try:
            module = model.get_submodule(path)
        except AttributeError as error:
            raise SpecError(
                f"distillation: the {owner} has no module {path!r}; correct the feature pair"
            ) from error
        module.register_forward_hook(self._keep)
        self.value = torch.empty(0)

    def _keep(self, _module: nn.Module, _inputs: object, output: Tensor) -> None:
        self.value = output


class Distilled(Objective[Batch]):
    """A student, its recipe's loss, and the pull of a frozen teacher.

    Attributes:
        model: The student; it ships.
        adapters: 1x1 convolutions from the student's feature widths to the teacher's; they train
            with it and are thrown away.
    """

    def __init__(
        self, recipe: Recipe[Batch], student: nn.Module, teacher: nn.Module, plan: Plan
    ) -> None:
        super().__init__()
        self.recipe, self.plan = recipe, plan
        self.model = student
        teacher.eval().requires_grad_(False)
        lay_out_channels_last(teacher)
        # In a tuple the teacher is no submodule: it is neither saved, nor trained, nor optimised.
        self._teacher = (teacher,)
        self._taps = [
            (_Tap(student, pair.student, "student"), _Tap(teacher, pair.teacher, "teacher"))
            for pair in plan.features
        ]
        self.adapters = nn.ModuleList()

    def prepare(self, batch: Batch) -> None:
        """Build the adapters from the feature widths that a first batch shows."""
        with torch.no_grad():
            image = self.recipe.inputs(batch)[:1]
            self.model.eval()(image)
            self._teacher[0](image)
        for mine, theirs in self._taps:
            self.adapters.append(nn.Conv2d(mine.value.shape[1], theirs.value.shape[1], 1))

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Give the recipe's loss and the distillation's, each weighted."""
        image = self.recipe.inputs(batch)
        with torch.no_grad():
            taught = self._teacher[0](image)
        outputs = self.model(image)
        parts = self.recipe.loss(outputs, batch)
        zero = torch.zeros(())
        feature, score, regression = zero, zero, zero
        for adapter, (mine, theirs) in zip(self.adapters, self._taps, strict=True):
            feature = feature + feature_loss(adapter(mine.value), theirs.value)
        for response in self.plan.responses:
            sure = taught[response.score]
            score = score + score_loss(outputs[response.score], sure)
            regression = regression + regression_loss(
                outputs[response.regression], taught[response.regression], sure
            )
        plan = self.plan
        parts["feature_kd"] = plan.feature_weight * feature / max(1, len(self._taps))
        parts["score_kd"] = plan.score_weight * score / max(1, len(plan.responses))
        parts["corner_kd"] = plan.regression_weight * regression / max(1, len(plan.responses))
        return parts


def distill(
    recipe: DistillableRecipe[Batch],
    teacher_checkpoint: AnyPath,
    folder: AnyPath,
    *,
    settings: Settings | None = None,
    plan: Plan | None = None,
    report: Report = log_progress,
) -> Result:
    """Train the recipe's student under its trained teacher; resumes like `decant.training.train`.

    Args:
        recipe: Models, data and loss.
        teacher_checkpoint: Safetensors.
        folder: Gets `student.safetensors`, `student.json` (the log) and the resume state.
        settings: Instead of the recipe's for its student.
        plan: Instead of the recipe's.
        report: Called with the progress.

    Raises:
        DataError: If the checkpoint is unusable or the folder cannot be written.
        SpecError: If a feature pair names a module that is not there.
    """
    chosen = settings or recipe.settings("student")
    teacher = recipe.model("teacher")
    load_weights(teacher, teacher_checkpoint)
    torch.manual_seed(chosen.seed)
    objective = Distilled(recipe, recipe.model("student"), teacher, plan or plan_of(recipe))
    objective.prepare(recipe.batch(chosen, 0))
    return fit(objective, recipe, chosen, Path(folder, "student"), report)
