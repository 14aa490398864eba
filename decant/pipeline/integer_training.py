"""`distill --qat`: a spec's integer file, trained under its float file."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artifacts import read_json, sha256, updated_folder, write_json
from ..cache import Stage
from ..errors import SpecError, UsageError
from ..files import CONVERSION, FLOAT_FILE, QAT, QAT_FOLDER, RECIPE, TRAINING
from ..provenance import collect
from ..source_code import factory_hash
from ..tensors import TensorInfo, sizes
from .conversion import calibration_arrays
from .planning import validation_figure
from .project import Project, locked, open_project
from .publication import files_of, link
from .stages import Stages
from .training import TRAINERS, make_recipe, resumed, settings_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from decant.quantize import Recipe as QuantizationRecipe
    from decant.quantize.qat import QatReport

    from ..overrides import Overrides
    from ..paths import AnyPath
    from ..training import Settings
    from .documents.training import TrainedInt8Document

    Infos = tuple[TensorInfo, ...]

logger = logging.getLogger(__name__)

MOST_EXAMPLES = 2048
"""Inputs of the spec's training that are learned from besides calibration data."""
MOST_EXAMPLE_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class TrainedInt8:
    """An integer file whose weights and ranges were learned.

    Attributes:
        folder: In the build folder, with the float file of the learned weights, the integer file
            and the recipe that makes the one of the other.
        report: What is kept of the float file before and after, as `qat.json` has it.
        advice: Which keys of the spec are to name the files.
    """

    folder: Path
    report: dict[str, Any]
    advice: tuple[str, ...]

    def document(self) -> TrainedInt8Document:
        """Write it as `--json` does."""
        from .documents.training import TrainedInt8Document

        report = {key: each for key, each in self.report.items() if key != "schema_version"}
        return TrainedInt8Document(folder=self.folder, advice=self.advice, **report)


def distill_int8(
    model: AnyPath,
    out: AnyPath | None = None,
    *,
    recipe: str | None = None,
    steps: int | None = None,
    overrides: Overrides | None = None,
) -> TrainedInt8:
    """Train an int8 file of a spec under its float file; goes on where an interrupted run stopped.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        out: Build folder; `build/NAME` below the current folder if None.
        recipe: Name of the candidate to train, such as `static_int8` or one of a plan; the first
            whose activations are integers if None.
        steps: Of the optimiser; 600 if None.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        UsageError: If there is no such candidate.
        SpecError: If no candidate has integer activations, or the recipe under `[training]` fails.
        DataError: If the data cannot be used or the build folder cannot be written.
        UnsupportedOp: If an operator cannot be computed in PyTorch.
    """
    project = open_project(model, out, overrides)
    with locked(project.out):
        stages = Stages(project)
        _ = stages.checked
        float_file = stages.converted.folder / FLOAT_FILE
        chosen = _chosen(stages.quantized.folder / RECIPE, recipe)
        before = stages.quantized.folder / chosen.file
        work = _Work(project, float_file, before, chosen, _settings(project, steps))
        result = resumed(project, work.stage, work.carry_out)
        folder = project.out / TRAINING / QAT_FOLDER
        folder.parent.mkdir(exist_ok=True)
        with updated_folder(folder) as temporary:
            for name, _ in files_of(result):
                link(result.folder / name, temporary / name)
        return TrainedInt8(folder, read_json(folder / QAT), _how_to_use(project, folder))


@dataclass(frozen=True, slots=True)
class _Work:
    """One training.

    Attributes:
        project: Whose.
        float_file: The teacher.
        before: The candidate as calibration makes it.
        recipe: By which.
        settings: Of the training.
    """

    project: Project
    float_file: Path
    before: Path
    recipe: QuantizationRecipe
    settings: Settings

    @property
    def stage(self) -> Stage:
        """Describe all that the result depends on."""
        spec = self.project.spec
        inputs = {"float": sha256(self.float_file), "before": sha256(self.before)}
        inputs |= collect(spec).data_inputs("calibration", "validation")
        if spec.training is not None:
            inputs["recipe"] = factory_hash(spec.training.recipe, spec.folder)
        settings = {
            "quantization": self.recipe.model_dump(mode="json"),
            "training": {name: getattr(self.settings, name) for name in ("steps", "seed")},
            "task": spec.task.model_dump(mode="json"),
        }
        return Stage("train-qat", inputs, settings, ("decant.quantize", __name__), TRAINERS)

    def carry_out(self, folder: Path) -> None:
        """Train, and measure what came of it."""
        from decant.quantize.qat import train

        spec = self.project.spec
        inputs, outputs = self._signature()
        report = train(
            self.float_file,
            self.recipe,
            calibration_arrays(spec),
            folder,
            settings=self.settings,
            inputs=inputs,
            outputs=outputs,
            examples=_examples(self.project, inputs),
        )
        measured = self._measured(report, (inputs, outputs))
        write_json(folder / QAT, measured.model_dump(mode="json"))

    def _signature(self) -> tuple[Infos, Infos]:
        document = read_json(self.float_file.with_name(CONVERSION))
        inputs, outputs = (
            tuple(TensorInfo.model_validate(each) for each in document[role])
            for role in ("inputs", "outputs")
        )
        return inputs, outputs

    def _measured(self, report: QatReport, signature: tuple[Infos, Infos]) -> QatReport:
        """Add the task's metric on validation data, of the files before and after."""
        files = {
            "float": self.float_file,
            "before": self.before,
            "after": report.folder / report.file,
        }
        spec = self.project.spec
        figures = {name: validation_figure(spec, each, signature) for name, each in files.items()}
        return report.model_copy(update={"metric": spec.task.metric_name, "figures": figures})


def _chosen(file: Path, name: str | None) -> QuantizationRecipe:
    """Find the candidate that is trained, without what corrections have found for its weights.

    Raises:
        UsageError: There is none of the name.
        SpecError: None has integer activations.
    """
    from decant.quantize import load_recipes

    recipes = [recipe for recipe in load_recipes(file) if recipe.ranged]
    if not recipes:
        raise SpecError(
            "quantization: no candidate was made whose activations are integers, so that there is"
            " nothing to train; let recipes have static_int8"
        )
    named = [recipe for recipe in recipes if name in (None, recipe.name)]
    if not named:
        raise UsageError(
            f"--recipe {name}: no candidate with integer activations has this name; there"
            f" are {', '.join(recipe.name for recipe in recipes)}"
        )
    if not named[0].corrections:
        return named[0]
    # Learned weights take the place of corrected ones, and ranges are of what they were found on.
    without = {"corrections": (), "corrections_sha256": "", "found": b"", "ranges": {}}
    return named[0].model_copy(update=without)


def _settings(project: Project, steps: int | None) -> Settings:
    from decant.quantize.qat import SETTINGS

    count = SETTINGS.steps if steps is None else steps
    warmup = min(SETTINGS.warmup_steps, count // 10)
    return replace(SETTINGS, steps=count, warmup_steps=warmup, seed=project.spec.seed)


def _examples(project: Project, inputs: Infos) -> dict[str, NDArray[Any]] | None:
    """Draw inputs of the spec's training, which are the float file's own if their shape is.

    Labels are not asked for: the float file says what is right.
    """
    if project.spec.training is None or len(inputs) != 1:
        return None
    recipe, (info,) = make_recipe(project), inputs
    settings = settings_of(project, recipe, "student")
    batches: list[NDArray[Any]] = []
    count = size = step = 0
    while count < MOST_EXAMPLES and size < MOST_EXAMPLE_BYTES:
        given = recipe.inputs(recipe.batch(settings, step)).detach().cpu().numpy()
        if given.shape[1:] != info.onnx_shape[1:] or str(given.dtype) != info.dtype:
            logger.info(
                "training.recipe gives %s inputs of %s, the float file takes %s of %s: calibration"
                " data alone is learned from",
                *(given.dtype, sizes(given.shape[1:])),
                *(info.dtype, sizes(info.onnx_shape[1:])),
            )
            return None
        batches.append(given)
        count, size, step = count + len(given), size + given.nbytes, step + 1
    return {info.name: np.concatenate(batches)[:MOST_EXAMPLES]}


def _how_to_use(project: Project, folder: Path) -> tuple[str, ...]:
    """Say which keys of the spec are to name the files, by paths relative to the spec."""
    path = Path(os.path.relpath(folder.resolve(), project.spec.folder)).as_posix()
    return (
        "To ship it, let the spec have these two, in place of what else says what the network is"
        " and which candidates there are:",
        f'file = "{path}/{FLOAT_FILE}" under [model]',
        f'recipe = "{path}/{RECIPE}" under [quantization]',
    )
