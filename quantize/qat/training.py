"""From a float `.tflite`, a recipe and inputs to an integer file with what was learned."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from decant.artifacts import scratch_folder, to_json, updated_folder, write_bytes, write_text
from decant.errors import InternalError, SpecError
from decant.files import FLOAT_FILE, QAT, RECIPE
from decant.flatbuffer import Graph
from decant.inputs import cut_runs
from decant.isolation import run_checked, run_isolated
from decant.runtime import encode, run_each
from decant.torch_form import TorchForm
from decant.training import Settings, log_progress

from .. import rewrites
from ..calibrate import measure, split
from ..judge import output_steps
from ..modules import by_tensors, modules_beside
from ..pipeline import float_graph
from ..ranges import check_ranges, choose
from ..recipes import recipes_document
from ..signature import signature_of
from ..transform import transform
from .form import IntegerForm
from .reading import parameters_of
from .report import QatReport
from .run import BEGUN, STEM, Learned, learn
from .teaching import Teaching

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.inputs import Run
    from decant.inputs.stored import AnyArray
    from decant.paths import AnyPath
    from decant.tensors import TensorInfo
    from decant.training.run import Report

    from ..recipes import Recipe
    from .teaching import Sample

    Infos = tuple[TensorInfo, ...]

logger = logging.getLogger(__name__)

SETTINGS = Settings(
    steps=600,
    batch_size=16,
    learning_rate=6e-3,
    weight_decay=0.0,
    warmup_steps=20,
    average_decay=0.98,
    clip_norm=1.0,
    validate_every=100,
    bfloat16=False,
)
"""Weights count in units of the largest of their channel: at first a step of the optimiser is three
quarters of an int8 step at most."""
COMPARED_SAMPLES = 4
INT8_STEPS = 127
"""Of the largest value of an output that is no integer one."""
LEFT_BEHIND = (BEGUN, f"{STEM}.safetensors")
"""Of no use once the files are there."""


def train(
    tflite: AnyPath,
    recipe: Recipe,
    calibration: Mapping[str, AnyArray],
    out: AnyPath,
    *,
    settings: Settings = SETTINGS,
    minutes: float | None = None,
    examples: Mapping[str, AnyArray] | None = None,
    inputs: Sequence[TensorInfo] | None = None,
    outputs: Sequence[TensorInfo] | None = None,
    report: Report = log_progress,
) -> QatReport:
    """Learn weights and ranges with which the integer file gives what the float file gives.

    The integer file that the recipe makes is simulated in PyTorch, and trained under the float
    file as teacher. Writes the float file with the learned weights, the recipe with the learned
    ranges, which makes the integer file of it with the same bytes again, that file, and `qat.json`.
    Goes on where an interrupted run of the same stopped.

    Args:
        tflite: The float file.
        recipe: By which the integer file is made; ranges that it lacks are measured.
        calibration: Per input name [samples, …], each sample in ONNX axis order. A quarter is held
            out: by that the learned weights have to be better than those from before.
        out: Folder for the files.
        settings: How long and how.
        minutes: Of training at most.
        examples: Further inputs to learn from, as `calibration`; neither ranges nor figures are
            of them.
        inputs: As for `quantize`.
        outputs: As for `quantize`.
        report: Called with the progress.

    Raises:
        DataError: The float file or the data is unusable, the time or the memory is not enough.
        SpecError: The recipe has no integers, or the library refuses it.
        UnsupportedOp: An operator cannot be computed in PyTorch.
        InternalError: The integer file is not what was simulated.
    """
    tflite, out = Path(tflite), Path(out)
    case = _case(tflite, recipe, calibration, inputs, outputs)
    further = () if examples is None else cut_runs(examples, case.inputs)
    samples, measured = (
        _tensors(runs, case.inputs) for runs in ([*case.runs, *further], case.held_out)
    )
    torch.manual_seed(settings.seed)
    learned = learn(
        case.student,
        Teaching(TorchForm(case.student.source), samples, measured, settings),
        out,
        settings,
        minutes=minutes,
        origin=_fingerprint(case.student, samples),
        report=report,
    )
    return _written(case, learned, out, len(samples))


@dataclass(frozen=True, slots=True)
class _Case:
    """What is trained and with what.

    Attributes:
        student: The integer file.
        inputs: Of the float file.
        outputs: Of the float file.
        runs: To learn from.
        held_out: To measure on.
    """

    student: IntegerForm
    inputs: Infos
    outputs: Infos
    runs: Sequence[Run]
    held_out: Sequence[Run]


def _case(
    tflite: Path,
    recipe: Recipe,
    calibration: Mapping[str, AnyArray],
    inputs: Sequence[TensorInfo] | None,
    outputs: Sequence[TensorInfo] | None,
) -> _Case:
    """Make the integer file that is trained, and part the data."""
    infos = signature_of(tflite, inputs, outputs)
    runs, held_out = split(cut_runs(calibration, infos[0]))
    source = _prepared(tflite)
    named = by_tensors(recipe, source, modules_beside(tflite))
    if named.needs_calibration:
        seen = run_checked(measure, source.to_bytes(), infos[0], runs)
        # Where it is left open: the ranges are learned anyway.
        calibrator = "minmax" if named.calibrator == "auto" else named.calibrator
        named = named.model_copy(update={"ranges": choose(source, seen, calibrator)})
    check_ranges(source, named)
    made = Graph.from_bytes(run_isolated(transform, source.to_bytes(), named))
    student = IntegerForm(made, source, named)
    if not student.integers:
        raise SpecError(
            f"recipe {recipe.name!r} makes no tensor of the model an integer one, so that there is"
            " nothing to train for; give another recipe"
        )
    return _Case(student, *infos, runs, held_out)


def _prepared(tflite: Path) -> Graph:
    """Read a float file as `quantize` does, rewritten for int8."""
    graph = float_graph(tflite)
    rewrites.apply(graph)
    # Numbers the tensors that are left.
    return Graph.from_bytes(graph.to_bytes())


def _tensors(runs: Sequence[Run], inputs: Infos) -> list[Sample]:
    """Give runs as the file takes them."""
    return [
        {
            info.name: torch.from_numpy(
                np.ascontiguousarray(encode(info, info.from_onnx_order(run[info.name])))
            )
            for info in inputs
        }
        for run in runs
    ]


def _fingerprint(student: IntegerForm, samples: Sequence[Sample]) -> str:
    """Name what a training depends on besides its settings."""
    content = hashlib.sha256(student.source.to_bytes())
    content.update(student.recipe.model_dump_json().encode())
    for sample in samples:
        for value in sample.values():
            content.update(value.numpy().tobytes())
    return content.hexdigest()


def _written(case: _Case, learned: Learned, out: Path, count: int) -> QatReport:
    """Make the integer file of what was learned, hold it to the simulation, and write both."""
    graph, recipe = case.student.learned()
    content = graph.to_bytes()
    recipe = recipe.model_copy(update={"model_sha256": hashlib.sha256(content).hexdigest()})
    integers = run_isolated(transform, content, recipe)
    _check_grids(case.student, Graph.from_bytes(integers))
    result = QatReport(
        folder=out,
        float_file=FLOAT_FILE,
        file=recipe.file,
        recipe=RECIPE,
        steps=learned.steps,
        samples=count,
        held_out=len(case.held_out),
        snr_before_db=learned.before_db,
        snr_after_db=learned.after_db,
        kept=learned.kept,
        largest_gap=_largest_gap(case, integers),
    )
    with updated_folder(out, without=LEFT_BEHIND) as stage:
        write_bytes(stage / FLOAT_FILE, content)
        write_bytes(stage / recipe.file, integers)
        write_text(stage / RECIPE, to_json(recipes_document([recipe])))
        write_text(stage / QAT, to_json(result.model_dump(mode="json")))
    return result


def _check_grids(student: IntegerForm, made: Graph) -> None:
    """Hold the file's scales to the simulation's.

    Raises:
        InternalError: One differs.
    """
    found = {made.name(at): at for at in range(len(made.subgraph.tensors))}
    for at in student.integers:
        name = student.graph.name(at)
        with torch.no_grad():
            scale, zero_point = (float(each) for each in student.scaled(at))
        written = parameters_of(made, found[name]) if name in found else None
        if written is None or written != (scale, int(zero_point)):
            raise InternalError(
                f"tensor {name!r} of the integer file has scale and zero point {written}, but was"
                f" trained with {(scale, int(zero_point))}; please report this"
            )


def _largest_gap(case: _Case, integers: bytes) -> float:
    """Compare the simulation with LiteRT on a few samples, in integer steps of each output."""
    runs = case.held_out[:COMPARED_SAMPLES]
    steps = output_steps(Graph.from_bytes(integers))
    with scratch_folder("decant-qat-") as folder:
        path = folder / case.student.recipe.file
        path.write_bytes(integers)
        found = run_checked(run_each, path, case.inputs, case.outputs, runs)
    gaps = [0.0]
    with torch.no_grad():
        for sample, arrays in zip(_tensors(runs, case.inputs), found, strict=True):
            simulated = case.student(sample)
            for info, array in zip(case.outputs, arrays, strict=True):
                real = info.to_onnx_order(simulated[info.name].numpy())
                step = steps.get(info.name) or float(np.abs(array).max()) / INT8_STEPS or 1.0
                gaps.append(float(np.abs(real - array).max()) / step)
    return round(max(gaps), 4)
