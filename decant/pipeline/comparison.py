"""What a teacher is worth: pairs of short runs with and without it, judged on the test set."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..artifacts import read_json, sha256, write_json
from ..files import COMPARISON, TRAINING
from ..provenance import collect
from .project import Project, locked, open_project
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

    from decant.bench.accuracy import PreparedSet
    from decant.distill import ComparedRun, Gain, Plan

    from ..overrides import Overrides
    from ..paths import AnyPath
    from ..training import Recipe
    from .documents.training import ComparedDocument

FIGURES = "figures.json"
TEST_BATCH = 4


SHORT_STEPS = 200


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a teacher adds.

    Attributes:
        file: `comparison.json`, which has every run.
        gains: By metric.
    """

    file: Path
    gains: Mapping[str, Gain]

    def document(self) -> ComparedDocument:
        """Write it as `--json` does."""
        from .documents.training import ComparedDocument, GainDocument

        gains = {name: GainDocument(**asdict(gain)) for name, gain in self.gains.items()}
        return ComparedDocument(file=self.file, gains=gains)


def compare(
    model: AnyPath,
    out: AnyPath | None = None,
    *,
    pairs: int,
    steps: int = SHORT_STEPS,
    teacher: AnyPath | None = None,
    overrides: Overrides | None = None,
) -> Comparison:
    """Train pairs of short runs with and without the teacher, and say what it adds.

    What earlier runs trained is not trained again.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        out: Build folder; `build/NAME` below the current folder if None.
        pairs: Of runs, each of its own seed.
        steps: Of each run.
        teacher: Its checkpoint; the spec's, or one trained now, if None.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        SpecError: If the spec names no recipe.
        UsageError: If there are fewer than two pairs.
        DataError: If the teacher's checkpoint is unusable or the build folder cannot be written.
    """
    from decant.distill import VARIANTS, ComparedRun, paired_gains

    project = open_project(model, out, overrides)
    path = project.out / TRAINING / COMPARISON
    with locked(project.out):
        checkpoint = find_teacher(project) if teacher is None else Path(teacher)
        students = _Students(project, checkpoint, steps)
        runs = [
            ComparedRun(variant, seed, students.figures(variant, seed))
            for seed in range(project.spec.seed, project.spec.seed + pairs)
            for variant in VARIANTS
        ]
        gains = paired_gains(runs)
        write_json(path, _document(sha256(students.teacher), steps, runs, gains))
    return Comparison(path, gains)


def _document(
    teacher: str, steps: int, runs: Sequence[ComparedRun], gains: Mapping[str, Gain]
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
        project: Of the model.
        teacher: Checkpoint.
        steps: Of each run.
    """

    project: Project
    teacher: Path
    steps: int

    def figures(self, variant: str, seed: int) -> Mapping[str, float]:
        """Train a student and measure it on the test set, unless that is done."""
        from decant.distill import short, train_variant
        from decant.distill.comparison import DISTILLED

        inputs, settings = collect(self.project.spec).data_inputs("test"), {}
        if variant == DISTILLED or self.project.spec.model.swap:
            inputs["teacher"] = sha256(self.teacher)
        if variant == DISTILLED:
            settings = plan_settings(self.project)
        name = f"compare-{variant}-{seed}"
        stage = describe(self.project, name, inputs, steps=self.steps, seed=seed, **settings)
        stage = replace(stage, packages=(*stage.packages, "decant.bench"))

        def work(folder: Path) -> None:
            recipe, plan = self._lesson
            whole = settings_of(self.project, recipe, "student")
            done = train_variant(
                *(variant, recipe, self.teacher, folder),
                short(whole, self.steps, seed),
                plan,
            )
            write_json(folder / FIGURES, self._measured(done.checkpoint))

        result = resumed(self.project, stage, work)
        found: Mapping[str, float] = read_json(result.folder / FIGURES)
        return found

    @cached_property
    def _lesson(self) -> tuple[Recipe[Any], Plan]:
        """The recipe and the plan, which are put to the test before the first run."""
        from decant.distill import rehearse

        recipe = make_recipe(self.project)
        plan = plan_of(self.project, recipe)
        rehearse(recipe, plan=plan, teacher_checkpoint=self.teacher)
        return recipe, plan

    @cached_property
    def _test_set(self) -> PreparedSet:
        from decant.bench.accuracy import prepare_set

        from ..datasets import open_dataset

        spec = self.project.spec
        task, signature = spec.open_task(), spec.signature
        opened = open_dataset(spec.data.test, task, spec.folder, inputs=signature)
        return prepare_set(opened, signature)

    def _measured(self, checkpoint: Path) -> dict[str, float]:
        """Measure a student on the spec's test set, in PyTorch and float32."""
        from decant.bench.accuracy import measure_accuracy, torch_predictor

        from ..network import load_weights

        model = self._lesson[0].model("student")
        load_weights(model, checkpoint)
        task = self.project.spec.open_task()
        predictor = torch_predictor(model, ["output"])
        evidence = measure_accuracy(predictor, self._test_set, task, batch=TEST_BATCH).evidence
        return {name: float(value[0]) for name, value in task.figures(evidence).items()}
