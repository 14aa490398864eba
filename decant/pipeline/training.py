"""`train` and `distill`: a network, or a student under its teacher."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from ..artifacts import read_json, sha256, updated_folder
from ..cache import Stage
from ..errors import SpecError
from ..factory import resolve
from ..files import TRAINING
from ..source_code import factory_hash
from ..user_code import user_code
from .project import Project, locked, open_project
from .publication import link

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from decant.distill import Plan

    from ..cache import Result
    from ..overrides import Overrides
    from ..paths import AnyPath
    from ..spec import Training
    from ..swaps import SwapCost
    from ..training import Recipe, Settings
    from .documents.training import TrainedDocument

logger = logging.getLogger(__name__)

Role: TypeAlias = Literal["student", "teacher"]

TRAINERS = ("numpy", "torch", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class Trained:
    """A network that was trained.

    Attributes:
        checkpoint: In the build folder; its log lies beside it.
        figures: The last of the log, by name.
        advice: Which key of the spec is to name the checkpoint.
        replaced: Whether the file held other weights before.
        swap: What was swapped in the network and what that cost; None where nothing was.
    """

    checkpoint: Path
    figures: Mapping[str, float]
    advice: str
    replaced: bool
    swap: SwapCost | None = None

    def document(self) -> TrainedDocument:
        """Write it as `--json` does."""
        from .documents.training import SwapDocument, TrainedDocument

        return TrainedDocument(
            checkpoint=self.checkpoint,
            figures=dict(self.figures),
            advice=self.advice,
            replaced=self.replaced,
            swap=None if self.swap is None else SwapDocument(**asdict(self.swap)),
        )


def train(
    model: AnyPath,
    role: Role = "student",
    out: AnyPath | None = None,
    *,
    overrides: Overrides | None = None,
) -> Trained:
    """Train a model by its spec's recipe; goes on where an interrupted run stopped.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        role: Which network of the recipe to train.
        out: Build folder; `build/NAME` below the current folder if None.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        SpecError: If the spec names no recipe.
        DataError: If the build folder cannot be written.
    """
    project = open_project(model, out, overrides)
    with locked(project.out):
        return _keep(project, _trained(project, role), role)


def distill(
    model: AnyPath,
    out: AnyPath | None = None,
    *,
    teacher: AnyPath | None = None,
    overrides: Overrides | None = None,
) -> Trained:
    """Train the student under a teacher: the one given, the spec's, or one trained now.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        out: Build folder; `build/NAME` below the current folder if None.
        teacher: Its checkpoint.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        SpecError: If the spec names no recipe.
        DataError: If the teacher's checkpoint is unusable or the build folder cannot be written.
    """
    project = open_project(model, out, overrides)
    with locked(project.out):
        checkpoint = find_teacher(project) if teacher is None else Path(teacher)
        stage = describe(
            project, "train-distill", {"teacher": sha256(checkpoint)}, **plan_settings(project)
        )

        def work(folder: Path) -> None:
            from decant.distill import distill as teach

            recipe = make_recipe(project)
            teach(
                recipe,
                checkpoint,
                folder,
                settings=settings_of(project, recipe, "student"),
                plan=plan_of(project, recipe),
            )

        return _keep(project, resumed(project, stage, work), "student")


def _trained(project: Project, role: Role, *, teaches: bool = False) -> Result:
    """Train a role's network unless that is done.

    One that is to teach is put to the test first: what cannot be distilled need not be trained.
    """

    def work(folder: Path) -> None:
        from decant.distill import rehearse

        from ..training import train as fit

        recipe = make_recipe(project)
        if teaches:
            rehearse(recipe, plan=plan_of(project, recipe))
        fit(recipe, folder, role=role, settings=settings_of(project, recipe, role))

    return resumed(project, describe(project, f"train-{role}", {}), work)


def find_teacher(project: Project) -> Path:
    """Find the spec's teacher, or train one."""
    training = _training(project)
    if training.teacher is not None:
        advice = "leave the key out to have a teacher trained"
        return project.spec.file("training.teacher", training.teacher, advice)
    return _trained(project, "teacher", teaches=True).folder / "teacher.safetensors"


def plan_settings(project: Project) -> dict[str, Any]:
    """Give what the spec says of distillation."""
    section = _training(project).distillation
    return {} if section is None else {"distillation": section.model_dump(mode="json")}


def plan_of(project: Project, recipe: Recipe[Any]) -> Plan:
    """Plan what is distilled: by the recipe, or by the spec where that leaves it to decant.

    Raises:
        SpecError: If both say it.
    """
    from decant.distill import Logits
    from decant.distill import plan_of as plan_by_recipe

    section = _training(project).distillation
    if section is None:
        return plan_by_recipe(recipe)
    plan = plan_by_recipe(recipe, Logits(section.temperature, section.alpha))
    if plan.logits is None:
        raise SpecError(
            "training.distillation: is about a classifier's logits, but the recipe has "
            "responses() or distillation(), which say what is compared; remove one of the two"
        )
    return plan


def settings_of(project: Project, recipe: Recipe[Any], role: Role) -> Settings:
    """Give a recipe's settings for a role, with the spec's seed."""
    from ..training import check_recipe
    from ..training import settings_of as settings_by_recipe

    check_recipe(recipe)
    return replace(settings_by_recipe(recipe, role), seed=project.spec.seed)


def describe(project: Project, name: str, inputs: dict[str, str], **settings: Any) -> Stage:
    """Describe a training; the recipe's own settings are part of its code."""
    spec, recipe = project.spec, _training(project).recipe
    return Stage(
        name,
        {"recipe": factory_hash(recipe, spec.folder), **inputs},
        {
            "recipe": recipe,
            "seed": spec.seed,
            "input": {name: each.model_dump(mode="json") for name, each in spec.signature.items()},
            "task": spec.task.model_dump(mode="json"),
            "swap": spec.model.swap,
            **settings,
        },
        ("decant.distill",),
        TRAINERS,
    )


def resumed(project: Project, stage: Stage, work: Callable[[Path], None]) -> Result:
    """Carry out a training, from where an interrupted run of it stopped."""

    def told(folder: Path) -> None:
        logger.info("%s …", stage.name)
        work(folder)

    with user_code("training.recipe", mixed=True):
        result = project.cache.run(stage, told, resumable=True)
    if not result.fresh:
        logger.info("%s: nothing has changed", stage.name)
    return result


def make_recipe(project: Project) -> Recipe[Any]:
    """Call the function that makes the recipe, with the folder for data that it makes."""
    reference = _training(project).recipe
    function = resolve(reference, project.spec.folder)
    advice = "it is called with one folder, for data that it makes, and returns the recipe"
    with user_code(f"training.recipe = {reference!r}", advice):
        recipe = cast("Recipe[Any]", function(project.out / "data"))
    swaps = project.spec.model.swap
    if not swaps:
        return recipe
    from decant.distill import SwappedRecipe

    from ..training import check_recipe

    check_recipe(recipe)
    return SwappedRecipe(recipe, swaps)


def _training(project: Project) -> Training:
    if project.spec.training is None:
        raise SpecError(
            f"{project.spec.model.name}: the spec has no [training]; add one with a recipe"
        )
    return project.spec.training


def _keep(project: Project, result: Result, role: Role) -> Trained:
    """Put checkpoint and log into the build folder."""
    from ..swaps import read_cost

    folder = project.out / TRAINING
    file = folder / f"{role}.safetensors"
    other = file.is_file() and sha256(file) != sha256(result.folder / file.name)
    with updated_folder(folder) as temporary:
        for name in (f"{role}.safetensors", f"{role}.json"):
            link(result.folder / name, temporary / name)
    last = read_json(folder / f"{role}.json")["history"][-1]
    figures = {name: value for name, value in last.items() if isinstance(value, float)}
    return Trained(file, figures, _how_to_use(project, file, role), other, read_cost(file))


def _how_to_use(project: Project, file: Path, role: Role) -> str:
    """Say which key of the spec is to name a checkpoint, by a path relative to the spec."""
    section, key = ("model", "checkpoint") if role == "student" else ("training", "teacher")
    path = os.path.relpath(file.resolve(), project.spec.folder)
    if _named(project, role) == file.resolve():
        return f'The spec names it already, as {key} = "{path}" under [{section}].'
    return f'To use it, write {key} = "{path}" under [{section}] of the spec.'


def _named(project: Project, role: Role) -> Path | None:
    """Find the file that the spec takes a role's weights from."""
    spec = project.spec
    training = _training(project)
    given = spec.model.checkpoint if role == "student" else training.teacher
    return None if given is None else (spec.folder / given).resolve()
