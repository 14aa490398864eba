"""The commands that train: a network, or a student under its teacher."""

from __future__ import annotations

import importlib
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
        stage = describe(project, "train-distill", {"teacher": sha256(checkpoint)})

        def work(folder: Path) -> None:
            recipe = make_recipe(project)
            settings = replace(recipe.settings("student"), seed=project.spec.seed)
            stage = importlib.import_module("decant.distill")
            stage.distill(recipe, checkpoint, folder, settings=settings)

        _keep(terminal, project, resumed(terminal, project, stage, work), "student")


def _trained(terminal: Terminal, project: Project, role: str) -> Result:
    """Train a role's network unless that is done."""

    def work(folder: Path) -> None:
        recipe = make_recipe(project)
        settings = replace(recipe.settings(role), seed=project.spec.seed)
        loop = importlib.import_module("decant.training")
        loop.train(recipe, folder, role=role, settings=settings)

    return resumed(terminal, project, describe(project, f"train-{role}", {}), work)


def find_teacher(terminal: Terminal, project: Project) -> Path:
    """Find the spec's teacher, or train one."""
    training = _training(project)
    if training.teacher is not None:
        advice = "leave the key out to have a teacher trained"
        return project.spec.file("training.teacher", training.teacher, advice)
    return _trained(terminal, project, "teacher").folder / "teacher.safetensors"


def describe(project: Project, name: str, inputs: dict[str, str], **settings: int) -> Stage:
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
    with user_code("training.recipe", mixed=True):
        result = project.cache.run(stage, work, resumable=True)
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
    with updated_folder(folder) as temporary:
        for name in (f"{role}.safetensors", f"{role}.json"):
            link(result.folder / name, temporary / name)
    last = read_json(folder / f"{role}.json")["history"][-1]
    figures = "  ".join(f"{n} {v:.4f}" for n, v in last.items() if isinstance(v, float))
    terminal.result(f"{folder / role}.safetensors: {figures}")
    terminal.result("To use it, copy it to where the spec's checkpoint points.")
