"""Train a student under a teacher, with the core's resumable loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

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
    check_parts,
    check_recipe,
    fit,
    log_progress,
    model_of,
    settings_of,
)
from decant.user_code import user_code

from .losses import feature_loss, logit_loss, regression_loss, score_loss
from .plan import Plan, plan_of
from .swap import SwappedRecipe

Batch = TypeVar("Batch")

ADVICE = "docs/how-to/train-and-distil.md says how a recipe distils"


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
        with torch.no_grad(), user_code("a model of the recipe, on what its inputs() gives,"):
            image = self.recipe.inputs(batch)[:1]
            self.model.eval()(image)
            self._teacher[0](image)
        for mine, theirs in self._taps:
            self.adapters.append(nn.Conv2d(mine.value.shape[1], theirs.value.shape[1], 1))

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Give the recipe's loss and the distillation's, each weighted."""
        with user_code("the recipe's models and loss"):
            image = self.recipe.inputs(batch)
            with torch.no_grad():
                taught = self._teacher[0](image)
            outputs = self.model(image)
            parts = self.recipe.loss(outputs, batch)
        check_parts(parts)
        own_weight = 1.0 if self.plan.logits is None else 1 - self.plan.logits.alpha
        weighted = {name: own_weight * part for name, part in parts.items()}
        return weighted | dict(self._pull(outputs, taught, batch))

    def _pull(self, outputs: Any, taught: Any, batch: Batch) -> Iterator[tuple[str, Tensor]]:
        """Yield what is distilled, of the kinds that the plan has and no others."""
        plan = self.plan
        if plan.logits is not None:
            mine, theirs = self._logits(outputs, "student"), self._logits(taught, "teacher")
            _check_alike(mine, theirs)
            yield "logit_kd", plan.logits.alpha * logit_loss(mine, theirs, plan.logits.temperature)
        if self._taps:
            pairs = zip(self.adapters, self._taps, strict=True)
            losses = [
                feature_loss(adapt(mine.value), theirs.value) for adapt, (mine, theirs) in pairs
            ]
            yield "feature_kd", plan.feature_weight * torch.stack(losses).mean()
        if plan.responses:
            scores, regressions = zip(*_responses(plan, outputs, taught), strict=True)
            yield "score_kd", plan.score_weight * torch.stack(scores).mean()
            yield "regression_kd", plan.regression_weight * torch.stack(regressions).mean()
        if plan.own is not None:
            with user_code("the recipe's distillation"):
                yield from plan.own(outputs, taught, batch).items()

    def _logits(self, outputs: Any, owner: str) -> Tensor:
        """Take the only output [N, classes], or with sizes 1 after that, of a classifier."""
        several = _outputs(outputs)
        if len(several) == 1 and isinstance(several[0], Tensor) and several[0].ndim > 1:
            classes, *others = several[0].shape[1:]
            if classes > 1 and all(size == 1 for size in others):
                return several[0].flatten(1)
        given = ", ".join(
            str(list(each.shape)) if isinstance(each, Tensor) else type(each).__name__
            for each in several
        )
        raise SpecError(
            f"{type(self.recipe).__name__} does not say what a student takes over from its "
            f"teacher, and the {owner} is no classifier with one output [N, classes] of two "
            f"classes or more, but gives {given or 'nothing'}; give the recipe responses() or "
            f"distillation(): {ADVICE}"
        )


def _outputs(outputs: Any) -> list[Any]:
    """List what a model gives, whatever it gives it in."""
    if isinstance(outputs, Mapping):
        return [*outputs.values()]
    return [*outputs] if isinstance(outputs, list | tuple) else [outputs]


def _named(*outputs: Any) -> bool:
    """Whether a model's outputs have names."""
    return all(isinstance(each, Mapping) for each in outputs)


def _check_alike(mine: Tensor, theirs: Tensor) -> None:
    if mine.shape != theirs.shape:
        raise SpecError(
            f"distillation: the student gives {list(mine.shape)} logits, the teacher "
            f"{list(theirs.shape)}; let model() of the recipe build both for the same labels"
        )


def _responses(plan: Plan, outputs: Any, taught: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the losses of each response: of its score, and of what that vouches for."""
    common = [name for name in outputs if name in taught] if _named(outputs, taught) else []
    for response in plan.responses:
        for name in (response.score, response.regression):
            if name not in common:
                raise SpecError(
                    f"distillation: responses() of the recipe names {name!r}, which is no output "
                    f"that both models give by name ({', '.join(common) or 'there is none'}); "
                    "correct it"
                )
        sure = taught[response.score]
        yield (
            score_loss(outputs[response.score], sure),
            regression_loss(outputs[response.regression], taught[response.regression], sure),
        )


def distill(
    recipe: Recipe[Batch],
    teacher_checkpoint: AnyPath,
    folder: AnyPath,
    *,
    settings: Settings | None = None,
    plan: Plan | None = None,
    report: Report = log_progress,
) -> Result:
    """Train the recipe's student under its trained teacher; resumes like `decant.training.train`.

    Args:
        recipe: Models, data and loss; a classifier's needs no more, see `plan_of`.
        teacher_checkpoint: Safetensors, or a weights-only `.pt`.
        folder: Gets `student.safetensors`, `student.json` (the log) and the resume state.
        settings: Instead of the recipe's for its student.
        plan: Instead of the recipe's.
        report: Called with the progress.

    Raises:
        DataError: If the checkpoint is unusable or the folder cannot be written.
        SpecError: If the recipe lacks something, or its models cannot be compared as planned.
    """
    check_recipe(recipe)
    chosen = settings or settings_of(recipe, "student")
    student, teacher, first = begun(recipe, teacher_checkpoint, chosen)
    objective = Distilled(recipe, student, teacher, plan or plan_of(recipe))
    objective.prepare(first)
    result = fit(objective, recipe, chosen, Path(folder, "student"), report)
    if isinstance(recipe, SwappedRecipe):
        recipe.cost_of(result).write(result.checkpoint)
    return result


def begun(
    recipe: Recipe[Batch], teacher_checkpoint: AnyPath, settings: Settings
) -> tuple[nn.Module, nn.Module, Batch]:
    """Give the student with its first weights, the trained teacher, and the first batch.

    Raises:
        DataError: If the checkpoint is unusable.
        SpecError: If the recipe lacks something.
    """
    teacher = model_of(recipe, "teacher")
    load_weights(teacher, teacher_checkpoint)
    torch.manual_seed(settings.seed)
    student = model_of(recipe, "student")
    first = recipe.batch(settings, 0)
    if isinstance(recipe, SwappedRecipe):
        recipe.begin(student, teacher, first)
    return student, teacher, first


def rehearse(
    recipe: Recipe[Batch],
    *,
    plan: Plan | None = None,
    settings: Settings | None = None,
    teacher_checkpoint: AnyPath | None = None,
) -> None:
    """Distil one batch between networks that are thrown away, before anything is trained.

    Raises:
        DataError: If the checkpoint is unusable.
        SpecError: If the recipe lacks something, or its models cannot be compared as planned.
    """
    check_recipe(recipe)
    teacher, student = (model_of(recipe, role) for role in ("teacher", "student"))
    if teacher_checkpoint is not None:
        load_weights(teacher, teacher_checkpoint)
    batch = recipe.batch(settings or settings_of(recipe, "student"), 0)
    objective = Distilled(recipe, student, teacher, plan or plan_of(recipe))
    objective.prepare(batch)
    with torch.no_grad():
        check_parts(objective.losses(batch))
