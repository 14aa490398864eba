"""The commands that train: a network, a student under its teacher, and both to compare."""

from __future__ import annotations

import importlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ..artifacts import read_json, sha256, updated_folder, write_json
from ..cache import Stage
from ..errors import SpecError
from ..factory import resolve
from ..source_code import factory_hash
from ..user_code import user_code
from .project import Project, locked, open_project
from .publication import link

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ..cache import Result
    from ..spec import Training
    from .terminal import Terminal

TRAINERS = ("numpy", "torch", "opencv-python-headless")
COMPARISON = "comparison.json"
TEST_BATCH = 4


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
        stage = _stage(project, "train-distill", {"teacher": sha256(checkpoint)})

        def work(folder: Path) -> None:
            recipe = _recipe(project)
            settings = replace(recipe.settings("student"), seed=project.spec.seed)
            stage = importlib.import_module("decant.distill")
            stage.distill(recipe, checkpoint, folder, settings=settings)

        _keep(terminal, project, _resumed(terminal, project, stage, work), "student")


def compare(
    terminal: Terminal,
    model: str,
    teacher: Path | None,
    out: Path | None,
    size: tuple[int, int],
) -> None:
    """Measure what the teacher is worth: pairs of short runs, judged on the test set.

    Args:
        terminal: Where to print.
        model: Name or spec.
        teacher: Checkpoint; the spec's if None.
        out: Build folder.
        size: Pairs of runs, each of its own seed, and steps of each run.

    Raises:
        SpecError: If the spec names no recipe.
        UsageError: If there are fewer than two pairs.
        DataError: If the teacher's checkpoint is unusable or the build folder cannot be written.
    """
    project = open_project(model, out)
    pairs, steps = size
    stage = importlib.import_module("decant.distill")
    with locked(project.out):
        checkpoint = teacher or _teacher(terminal, project)
        runs = [
            stage.Run(variant, seed, _compared(terminal, project, checkpoint, variant, seed, steps))
            for seed in range(project.spec.seed, project.spec.seed + pairs)
            for variant in stage.VARIANTS
        ]
        gains = stage.paired_gains(runs)
        document = {
            "teacher": sha256(checkpoint),
            "runs": [
                {"variant": run.variant, "seed": run.seed, "steps": steps, **run.figures}
                for run in runs
            ],
            "difference": {metric: asdict(gain) for metric, gain in gains.items()},
        }
        write_json(project.out / "training" / COMPARISON, document)
    for metric, gain in gains.items():
        terminal.result(
            f"{metric}: {gain.undistilled:.4f} undistilled, {gain.distilled:.4f} distilled, "
            f"gain {gain.mean_gain:+.4f} (95 % {gain.low:+.4f} to {gain.high:+.4f})"
        )
    terminal.result(f"{project.out / 'training' / COMPARISON} has every run")


def _compared(
    terminal: Terminal, project: Project, teacher: Path, variant: str, seed: int, steps: int
) -> Mapping[str, float]:
    """Train one student of the comparison and measure it on the test set, unless that is done."""
    distillation = importlib.import_module("decant.distill")
    inputs = {"test": project.data_input("test")}
    if variant == distillation.comparison.DISTILLED:
        inputs["teacher"] = sha256(teacher)
    stage = _stage(project, f"compare-{variant}-{seed}", inputs, steps=steps, seed=seed)
    stage = replace(stage, packages=(*stage.packages, "decant.bench"))

    def work(folder: Path) -> None:
        recipe = _recipe(project)
        settings = distillation.short(recipe.settings("student"), steps, seed)
        done = distillation.train_variant(variant, recipe, teacher, folder, settings)
        write_json(folder / "figures.json", _test_figures(project, recipe, done.checkpoint))

    result = _resumed(terminal, project, stage, work)
    figures: Mapping[str, float] = read_json(result.folder / "figures.json")
    return figures


def _test_figures(project: Project, recipe: Any, checkpoint: Path) -> dict[str, float]:
    """Measure a student on the spec's test set, in PyTorch and float32."""
    datasets, tasks, network, accuracy = (
        importlib.import_module(f"decant.{name}")
        for name in ("datasets", "tasks", "network", "bench.accuracy")
    )
    spec = project.spec
    model = recipe.model("student")
    network.load_weights(model, checkpoint)
    task = tasks.make_task(spec.task)
    test = accuracy.prepare_set(
        datasets.open_dataset(spec.data.test, spec.task, spec.folder), spec.input
    )
    predictor = accuracy.torch_predictor(model, ["output"])
    evidence = accuracy.measure_accuracy(predictor, test, task, batch=TEST_BATCH).evidence
    return {name: float(value[0]) for name, value in task.metrics(evidence).items()}


def _trained(terminal: Terminal, project: Project, role: str) -> Result:
    """Train a role's network unless that is done."""

    def work(folder: Path) -> None:
        recipe = _recipe(project)
        settings = replace(recipe.settings(role), seed=project.spec.seed)
        loop = importlib.import_module("decant.training")
        loop.train(recipe, folder, role=role, settings=settings)

    return _resumed(terminal, project, _stage(project, f"train-{role}", {}), work)


def _teacher(terminal: Terminal, project: Project) -> Path:
    """Find the spec's teacher, or train one."""
    training = _training(project)
    if training.teacher is not None:
        advice = "leave the key out to have a teacher trained"
        return project.spec.file("training.teacher", training.teacher, advice)
    return _trained(terminal, project, "teacher").folder / "teacher.safetensors"


def _stage(project: Project, name: str, inputs: dict[str, str], **settings: int) -> Stage:
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


def _resumed(
    terminal: Terminal, project: Project, stage: Stage, work: Callable[[Path], None]
) -> Result:
    """Carry out a training, from where an interrupted run of it stopped."""
    with user_code("training.recipe", mixed=True):
        result = project.cache.run(stage, work, resumable=True)
    if not result.fresh:
        terminal.say(f"{stage.name}: nothing has changed")
    return result


def _recipe(project: Project) -> Any:
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
