"""The commands on a model with a spec, other than going the whole way."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..artifacts import read_json, sha256, updated_folder
from ..cache import Stage
from ..errors import DataError, GateFailed, SpecError
from ..factory import resolve
from ..source import find_source
from . import pipeline
from .project import Project, code_hash, locked, open_project
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
        checkpoint = teacher or _teacher(terminal, project)
        stage = _stage(project, "distill", {"teacher": sha256(checkpoint)})

        def work(folder: Path) -> None:
            distillation = importlib.import_module("decant.distill.loop")
            distillation.distill(_recipe(project), checkpoint, folder)

        _keep(terminal, project, _resumed(terminal, project, stage, work), "student")


def bench(terminal: Terminal, source: str, out: Path | None, threads: tuple[int, ...]) -> None:
    """Measure a file, or measure a model's candidates again.

    Raises:
        GateFailed: If a requirement of the model's spec is not met.
        DataError: If the file is missing or damaged.
    """
    found = find_source(source, "spec", "tflite")
    if found.kind == "spec":
        pipeline.run(terminal, source, out, measure_again=True, threads=threads)
        return
    measured = importlib.import_module("decant.bench")
    report = measured.measure_file(found.path, threads=threads)
    importlib.import_module("decant.cli.tables").show_files(terminal, report)
    for line in measured.report_lines(report):
        terminal.result(line)
    if out is not None:
        with updated_folder(out) as temporary:
            report.save(temporary / "report.json")


def gate(terminal: Terminal, model: str, baseline: Path | None, out: Path | None) -> None:
    """Check a model's report against its requirements and a baseline.

    Raises:
        GateFailed: If the answer is no.
        DataError: If there is no report yet, or the baseline cannot be read.
    """
    project = open_project(model, out)
    _need_report(project, model)
    result = importlib.import_module("decant.bench").gate(
        project.out, project.spec, baseline=baseline
    )
    for line in result.lines():
        terminal.result(line)
    if not result.passed:
        raise GateFailed(f"the gate says no; {project.out / 'gate.md'} has the details")


def report(terminal: Terminal, model: str, out: Path | None) -> None:
    """Draw the report of a model again.

    Raises:
        DataError: If there is no report yet.
    """
    project = open_project(model, out)
    _need_report(project, model)
    page = importlib.import_module("decant.bench").render(project.out)
    terminal.result(f"{page}")


def _need_report(project: Project, model: str) -> None:
    if not (project.out / "report.json").is_file():
        raise DataError(
            f"{project.out / 'report.json'}: not there yet; run decant tflite {model} first"
        )


def _trained(terminal: Terminal, project: Project, role: str) -> Result:
    """Train a role's network unless that is done."""

    def work(folder: Path) -> None:
        importlib.import_module("decant.training").train(_recipe(project), folder, role=role)

    return _resumed(terminal, project, _stage(project, role, {}), work)


def _teacher(terminal: Terminal, project: Project) -> Path:
    """Find the spec's teacher, or train one."""
    training = _training(project)
    shipped = project.spec.path(training.teacher) if training.teacher else None
    if shipped is not None and shipped.is_file():
        return shipped
    return _trained(terminal, project, "teacher").folder / "teacher.safetensors"


def _stage(project: Project, name: str, inputs: dict[str, str]) -> Stage:
    """Describe a training; the recipe's own settings are part of its code."""
    recipe = _training(project).recipe
    return Stage(
        f"train-{name}",
        {"recipe": code_hash(recipe, project.spec.folder), **inputs},
        {"recipe": recipe, "seed": project.spec.seed},
        ("decant.distill",),
        TRAINERS,
    )


def _resumed(
    terminal: Terminal, project: Project, stage: Stage, work: Callable[[Path], None]
) -> Result:
    """Carry out a training, from where an interrupted run of it stopped."""
    result = project.cache.run(stage, work, resumable=True)
    if not result.fresh:
        terminal.say(f"{stage.name}: nothing has changed")
    return result


def _recipe(project: Project) -> Any:
    """Call the function that makes the recipe."""
    return resolve(_training(project).recipe, project.spec.folder)()


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
