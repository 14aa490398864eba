"""What a teacher is worth: pairs of short runs with and without it, judged on the test set."""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..artifacts import read_json, sha256, write_json
from ..provenance import collect
from .project import Project, locked, open_project
from .terminal import Terminal
from .training import (
    describe,
    find_teacher,
    make_recipe,
    plan_of,
    plan_settings,
    resumed,
    settings_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NAME = "comparison.json"
FIGURES = "figures.json"
TEST_BATCH = 4


def compare(
    terminal: Terminal,
    model: str,
    teacher: Path | None,
    out: Path | None,
    size: tuple[int, int],
) -> None:
    """Train the pairs that are not trained yet and say what the teacher adds.

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
    distillation = importlib.import_module("decant.distill")
    path = project.out / "training" / NAME
    with locked(project.out):
        students = _Students(terminal, project, teacher or find_teacher(terminal, project), steps)
        runs = [
            distillation.Run(variant, seed, students.figures(variant, seed))
            for seed in range(project.spec.seed, project.spec.seed + pairs)
            for variant in distillation.VARIANTS
        ]
        gains = distillation.paired_gains(runs)
        write_json(path, _document(sha256(students.teacher), steps, runs, gains))
    for metric, gain in gains.items():
        terminal.result(
            f"{metric}: {gain.undistilled:.4f} undistilled, {gain.distilled:.4f} distilled, "
            f"gain {gain.mean_gain:+.4f} (95 % {gain.low:+.4f} to {gain.high:+.4f})"
        )
    terminal.result(f"{path} has every run")


def _document(
    teacher: str, steps: int, runs: Sequence[Any], gains: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "teacher": teacher,
        "runs": [
            {"variant": run.variant, "seed": run.seed, "steps": steps, **run.figures}
            for run in runs
        ],
        "difference": {metric: asdict(gain) for metric, gain in gains.items()},
    }


@dataclass(frozen=True)
class _Students:
    """Trains and measures the students of one comparison; the data is read once for all of them.

    Attributes:
        terminal: Where to print.
        project: Of the model.
        teacher: Checkpoint.
        steps: Of each run.
    """

    terminal: Terminal
    project: Project
    teacher: Path
    steps: int

    def figures(self, variant: str, seed: int) -> Mapping[str, float]:
        """Train a student and measure it on the test set, unless that is done."""
        distillation = importlib.import_module("decant.distill")
        inputs, settings = collect(self.project.spec).data_inputs("test"), {}
        if variant == distillation.comparison.DISTILLED:
            inputs["teacher"] = sha256(self.teacher)
            settings = plan_settings(self.project)
        name = f"compare-{variant}-{seed}"
        stage = describe(self.project, name, inputs, steps=self.steps, seed=seed, **settings)
        stage = replace(stage, packages=(*stage.packages, "decant.bench"))

        def work(folder: Path) -> None:
            recipe, plan = self._lesson
            whole = settings_of(self.project, recipe, "student")
            done = distillation.train_variant(
                *(variant, recipe, self.teacher, folder),
                distillation.short(whole, self.steps, seed),
                plan,
            )
            write_json(folder / FIGURES, self._measured(done.checkpoint))

        result = resumed(self.terminal, self.project, stage, work)
        found: Mapping[str, float] = read_json(result.folder / FIGURES)
        return found

    @cached_property
    def _lesson(self) -> tuple[Any, Any]:
        """The recipe and the plan, which are put to the test before the first run."""
        recipe = make_recipe(self.project)
        plan = plan_of(self.project, recipe)
        importlib.import_module("decant.distill").rehearse(
            recipe, plan=plan, teacher_checkpoint=self.teacher
        )
        return recipe, plan

    @cached_property
    def _test_set(self) -> Any:
        spec = self.project.spec
        opened = importlib.import_module("decant.datasets").open_dataset(
            spec.data.test, spec.task, spec.folder
        )
        return importlib.import_module("decant.bench.accuracy").prepare_set(opened, spec.input)

    def _measured(self, checkpoint: Path) -> dict[str, float]:
        """Measure a student on the spec's test set, in PyTorch and float32."""
        tasks, network, accuracy = (
            importlib.import_module(f"decant.{name}")
            for name in ("tasks", "network", "bench.accuracy")
        )
        model = self._lesson[0].model("student")
        network.load_weights(model, checkpoint)
        task = tasks.make_task(self.project.spec.task)
        predictor = accuracy.torch_predictor(model, ["output"])
        evidence = accuracy.measure_accuracy(
            predictor, self._test_set, task, batch=TEST_BATCH
        ).evidence
        return {name: float(value[0]) for name, value in task.metrics(evidence).items()}
