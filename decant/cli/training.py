"""The commands that train: a network, or a student under its teacher."""

from __future__ import annotations

import importlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..artifacts import read_json, sha256, updated_folder
from ..cache import Stage
from ..errors import SpecError
from ..factory import resolve
from ..source_code import factory_hash
from ..user_code import user_code
from .project import Project, locked, open_project
from .publication import link

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..cache import Result
    from ..spec import Training
    from .terminal import Terminal

TRAINERS = ("numpy", "torch", "opencv-python-headless")


def train(terminal: Terminal, model: str, role: str, out: Path | None) -> None:
    """Train the network of a role.

    Raises:
        SpecError: If the spec names no recipe.
        DataError: If the build folder cannot be written.
    """
    project = open_project(model, out)
    with locked(project.out):
        _keep(terminal, project, _trained(terminal, project, role), role)


def distill(terminal: Terminal, model: str, teacher: Path | None, out: Path | None) -> None:
    """Train the student under a teacher: the one given, the spec's, or one trained now.

    Raises:
        SpecError: If the spec names no recipe.
        DataError: If the teacher's checkpoint is unusable or the build folder cannot be written.
    """
    project = open_project(model, out)
    with locked(project.out):
        checkpoint = teacher or find_teacher(terminal, project)
        stage = describe(
            project, "train-distill", {"teacher": sha256(checkpoint)}, **plan_settings(project)
        )

        def work(folder: Path) -> None:
            recipe = make_recipe(project)
            importlib.import_module("decant.distill").distill(
                recipe,
                checkpoint,
                folder,
                settings=settings_of(project, recipe, "student"),
                plan=plan_of(project, recipe),
            )

        _keep(terminal, project, resumed(terminal, project, stage, work), "student")


def _trained(terminal: Terminal, project: Project, role: str, *, teaches: bool = False) -> Result:
    """Train a role's network unless that is done.

    One that is to teach is put to the test first: what cannot be distilled need not be trained.
    """

    def work(folder: Path) -> None:
        recipe = make_recipe(project)
        if teaches:
            plan = plan_of(project, recipe)
            importlib.import_module("decant.distill").rehearse(recipe, plan=plan)
        loop = importlib.import_module("decant.training")
        settings = settings_of(project, recipe, role)
        loop.train(recipe, folder, role=role, settings=settings)

    return resumed(terminal, project, describe(project, f"train-{role}", {}), work)


def find_teacher(terminal: Terminal, project: Project) -> Path:
    """Find the spec's teacher, or train one."""
    training = _training(project)
    if training.teacher is not None:
        advice = "leave the key out to have a teacher trained"
        return project.spec.file("training.teacher", training.teacher, advice)
    return _trained(terminal, project, "teacher", teaches=True).folder / "teacher.safetensors"


def plan_settings(project: Project) -> dict[str, Any]:
    """Give what the spec says of distillation."""
    section = _training(project).distillation
    return {} if section is None else {"distillation": section.model_dump(mode="json")}


def plan_of(project: Project, recipe: Any) -> Any:
    """Plan what is distilled: by the recipe, or by the spec where that leaves it to decant.

    Raises:
        SpecError: If both say it.
    """
    distillation = importlib.import_module("decant.distill")
    section = _training(project).distillation
    if section is None:
        return distillation.plan_of(recipe)
    logits = distillation.Logits(section.temperature, section.alpha)
    plan = distillation.plan_of(recipe, logits)
    if plan.logits is None:
        raise SpecError(
            "training.distillation: is about a classifier's logits, but the recipe has "
            "responses() or distillation(), which say what is compared; remove one of the two"
        )
    return plan


def settings_of(project: Project, recipe: Any, role: str) -> Any:
    """Give a recipe's settings for a role, with the spec's seed."""
    training = importlib.import_module("decant.training")
    training.check_recipe(recipe)
    return replace(training.settings_of(recipe, role), seed=project.spec.seed)


def describe(project: Project, name: str, inputs: dict[str, str], **settings: Any) -> Stage:
    """Describe a training; the recipe's own settings are part of its code."""
    spec, recipe = project.spec, _training(project).recipe
    return Stage(
        name,
        {"recipe": factory_hash(recipe, spec.folder), **inputs},
        {
            "recipe": recipe,
            "seed": spec.seed,
            "input": spec.input.model_dump(mode="json"),
            "task": spec.task.model_dump(mode="json"),
            **settings,
        },
        ("decant.distill",),
        TRAINERS,
    )


def resumed(
    terminal: Terminal, project: Project, stage: Stage, work: Callable[[Path], None]
) -> Result:
    """Carry out a training, from where an interrupted run of it stopped."""

    def told(folder: Path) -> None:
        terminal.say(f"{stage.name} …")
        work(folder)

    with user_code("training.recipe", mixed=True):
        result = project.cache.run(stage, told, resumable=True)
    if not result.fresh:
        terminal.say(f"{stage.name}: nothing has changed")
    return result


def make_recipe(project: Project) -> Any:
    """Call the function that makes the recipe, with the folder for data that it makes."""
    reference = _training(project).recipe
    function = resolve(reference, project.spec.folder)
    advice = "it is called with one folder, for data that it makes, and returns the recipe"
    with user_code(f"training.recipe = {reference!r}", advice):
        return function(project.out / "data")


def _training(project: Project) -> Training:
    if project.spec.training is None:
        raise SpecError(
            f"{project.spec.model.name}: the spec has no [training]; add one with a recipe"
        )
    return project.spec.training


def _keep(terminal: Terminal, project: Project, result: Result, role: str) -> None:
    """Put checkpoint and log into the build folder and show the last figures."""
    folder = project.out / "training"
    file = folder / f"{role}.safetensors"
    other = file.is_file() and sha256(file) != sha256(result.folder / file.name)
    with updated_folder(folder) as temporary:
        for name in (f"{role}.safetensors", f"{role}.json"):
            link(result.folder / name, temporary / name)
    last = read_json(folder / f"{role}.json")["history"][-1]
    figures = "  ".join(f"{n} {v:.4f}" for n, v in last.items() if isinstance(v, float))
    terminal.result(f"{file}: {figures}")
    if other:
        terminal.say(
            f"note: {file} held other weights until now; `decant train` and `decant distill` both"
            " write it, so copy elsewhere what you want to keep"
        )
    terminal.result(_how_to_use(project, file, role))


def _how_to_use(project: Project, file: Path, role: str) -> str:
    """Say which key of the spec is to name a checkpoint, by a path relative to the spec."""
    section, key = ("model", "checkpoint") if role == "student" else ("training", "teacher")
    path = os.path.relpath(file.resolve(), project.spec.folder)
    if _named(project, role) == file.resolve():
        return f'The spec names it already, as {key} = "{path}" under [{section}].'
    return f'To use it, write {key} = "{path}" under [{section}] of the spec.'


def _named(project: Project, role: str) -> Path | None:
    """Find the file that the spec takes a role's weights from."""
    spec = project.spec
    training = _training(project)
    given = spec.model.checkpoint if role == "student" else training.teacher
    return None if given is None else (spec.folder / given).resolve()
