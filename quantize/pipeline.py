"""From a float `.tflite` and calibration samples to quantized candidates."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.artifacts import sha256, to_json, updated_folder, write_bytes, write_text
from decant.errors import DataError
from decant.files import QUANTIZATION, RECIPE
from decant.flatbuffer.graph import Graph
from decant.inputs import Runs, cut_runs, wanted_samples
from decant.isolation import run_checked
from decant.runtime import sample_inputs

from . import rewrites
from .calibrate import few, split
from .calibrating import calibrated, calibrators_of
from .candidates import make_all, run_file
from .job import Job
from .judge import Judge
from .modules import by_tensors, modules_beside
from .plan.request import carried_out, scoring
from .ranges import check_ranges, idle_patterns
from .recipes import STATIC_INT8, check_recipes, default_recipes, recipes_document
from .remedy import unfit_warning
from .report import QuantizeReport, constant_outputs, float_islands
from .sample_doubts import doubts
from .signature import signature_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.inputs.stored import AnyArray
    from decant.paths import AnyPath
    from decant.tensors import TensorInfo

    from .candidates import Made
    from .job import Infos, Outputs, Scoring
    from .plan.request import PlanRequest
    from .recipes import Recipe

logger = logging.getLogger(__name__)


def quantize(
    tflite: AnyPath,
    out: AnyPath,
    *,
    calibration: Mapping[str, AnyArray] | None = None,
    other_sizes: Sequence[Mapping[str, NDArray[Any]]] = (),
    inputs: Sequence[TensorInfo] | None = None,
    outputs: Sequence[TensorInfo] | None = None,
    recipes: Sequence[Recipe] | None = None,
    plan: PlanRequest | None = None,
    qdq: bool = False,
) -> QuantizeReport:
    """Make one candidate per recipe, with float inputs and outputs under the same names.

    Writes each candidate, `recipe.json` (the recipes with the activation ranges used) and
    `quantize.json` (the report) into `out`, all or none. Native code runs in processes of its
    own; a recipe that fails becomes one of the report's `failures`.

    Args:
        tflite: The float file.
        out: Folder for the candidates.
        calibration: Per input name [samples, …], each sample in ONNX axis order. A quarter of the
            samples is held out of calibration for the signal-to-noise ratios; all of them measure
            where every recipe brings its ranges. None is enough where no recipe has to measure
            ranges: the files are the same, but no ratio is measured.
        other_sizes: Samples of other sizes where an axis is free; they too measure.
        inputs: The float file's inputs, as `ConvertReport.inputs` describes them; read from
            `convert.json` beside the file, or from the file itself, if None. With neither a
            report nor this, samples are in the file's axis order.
        outputs: The float file's outputs, likewise.
        recipes: What to make; all of `RECIPES` if None, or without calibration data those of them
            that need none. `load_recipes` reads those of an earlier run's `recipe.json`, which
            give the same bytes again.
        plan: Asks for mixed files beside the recipes', and for a choice; none are searched for if
            None, or without calibration data.
        qdq: Write candidates with integer weights as ONNX too, whose quantization is explicit.

    Raises:
        DataError: The float file or the calibration data is unusable, or a recipe is another
            model's; the message says why.
        SpecError: Recipes contradict each other.
        InternalError: No recipe gave a candidate, or the float file itself crashes.
    """
    tflite, out = Path(tflite), Path(out)
    signature = signature_of(tflite, inputs, outputs)
    left_out: tuple[Recipe, ...] = ()
    if recipes is None:
        recipes, left_out = default_recipes(calibrated=calibration is not None)
    check_recipes(recipes)
    samples, measured = _divided(calibration, signature[0], recipes)
    held_out = [*measured, *(run for each in other_sizes for run in cut_runs(each, signature[0]))]
    graph = float_graph(tflite)
    applied = rewrites.apply(graph)
    modules = modules_beside(tflite)
    for recipe in recipes:
        if not recipe.needs_calibration:
            check_ranges(graph, by_tensors(recipe, graph, modules))
    runs = held_out or [sample_inputs(signature[0])]
    kept = ", which are kept from the ranges" if held_out and samples else ""
    logger.info("float file: run on %d samples%s …", len(runs), kept)
    reference, _ = run_checked(run_file, tflite, *signature, runs)
    if held_out:
        _check_reference(reference)
    state = None if plan is None else plan.state
    statistics = calibrated(graph, signature[0], samples, recipes, state)
    calibrators = calibrators_of(graph, signature, (statistics, measured), recipes, state)
    judge = Judge(reference) if held_out else None
    job = Job(
        *(graph, modules, tflite, sha256(tflite), *signature, statistics, runs, reference, judge),
        samples=samples,
        scoring=_scoring(plan, tflite, signature, calibration),
        calibrators=calibrators,
    )
    made = make_all(job, recipes)
    planned = None if plan is None else carried_out(plan, job, made)
    without_form = _with_qdq(job, made) if qdq else []
    report = QuantizeReport(
        folder=out,
        candidates=tuple(made.candidates),
        failures=made.failures,
        float_size_bytes=tflite.stat().st_size,
        calibration_samples=len(samples),
        measured_samples=len(held_out),
        rewrites=applied,
        warnings=(*doubts(samples, measured), *_warnings(job, made, samples)),
        notes=(*_uncalibrated(left_out, signature[0]), *_notes(made), *without_form),
        plan=planned,
        calibrators=dict(calibrators),
    )
    _write(out, made, report)
    return report


def float_graph(tflite: Path) -> Graph:
    """Read a float file, with what the quantizer asks of names."""
    graph = Graph.from_file(tflite)
    graph.check_float(tflite)
    graph.rename_duplicates()
    graph.ensure_signature()
    return graph


def _scoring(
    plan: PlanRequest | None,
    tflite: Path,
    signature: tuple[Infos, Infos],
    calibration: Mapping[str, AnyArray] | None,
) -> Scoring | None:
    """Measure the float file by a plan's metric, if there are both."""
    if plan is None or calibration is None:
        return None
    return scoring(plan, tflite, signature, cut_runs(calibration, signature[0]))


def _divided(
    calibration: Mapping[str, AnyArray] | None,
    inputs: Sequence[TensorInfo],
    recipes: Sequence[Recipe],
) -> tuple[Runs, Runs]:
    """Give the runs to calibrate on and the runs to measure on."""
    recipe = next((each for each in recipes if each.needs_calibration), None)
    if calibration is None:
        if recipe is not None:
            raise DataError(
                f"there is no calibration data, and recipe {recipe.name!r} has no activation"
                f" ranges; give {wanted_samples(inputs)}, or the recipe.json of an earlier run"
            )
        return Runs({}), Runs({})
    runs = cut_runs(calibration, inputs)
    return (Runs({}), few(runs)) if recipe is None else split(runs)


def _alike(one: Run, other: Run) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def _with_qdq(job: Job, made: Made) -> list[str]:
    """Add the ONNX forms, which need ONNX; returns what has none, and why."""
    from .qdq import add_qdq

    return add_qdq(job, made)


def _check_reference(reference: Sequence[Outputs]) -> None:
    """Refuse a float file whose own outputs leave nothing to compare with."""
    for outputs in reference:
        for name, value in outputs.items():
            if not np.isfinite(value).all():
                raise DataError(
                    f"output {name!r} of the float model is NaN or infinite on the calibration"
                    " data, so that no candidate can be judged; repair the model or the data"
                )


def _warnings(job: Job, made: Made, samples: Runs) -> list[str]:
    """Say what failed, and what weakens the candidates or their ratios."""
    notes = [f"recipe {name} made no candidate: {why}" for name, why in made.failures.items()]
    fit = [candidate.name for candidate in made.candidates if candidate.fit]
    notes.extend(
        unfit_warning(candidate, made.remedies[candidate.name], fit)
        for candidate in made.candidates
        if not candidate.fit
    )
    notes.extend(
        f"{each.file} keeps {spared.place} float, since the quantizer fails on it: {spared.why}"
        for each in made.candidates
        for spared in each.spared
    )
    notes.extend(
        f"corrections of {each.file}: {what}: {why}"
        for each in made.candidates
        for what, why in each.uncorrected.items()
    )
    notes.extend(idle for each in made.candidates for idle in idle_patterns(job.graph, each.recipe))
    notes.extend(
        f"the ranges of recipe {candidate.name} were measured on another float file than this one;"
        " they may clip or waste its values: compare the ratios with a new calibration"
        for candidate in made.candidates
        if candidate.recipe.model_sha256 not in ("", job.model_sha256)
    )
    if job.judge is None:
        notes.append("no calibration data: the files run, but no signal-to-noise ratio is measured")
        return notes
    if len(samples) == len(job.held_out) == 1 and _alike(samples[0], job.held_out[0]):
        notes.append("one calibration sample only: ranges and ratios come from the same sample")
    notes.extend(
        f"output {name!r} hardly changes between samples, so that its ratio proves nothing"
        for name in constant_outputs(job.reference)
    )
    return notes


def _uncalibrated(left_out: Sequence[Recipe], inputs: Infos) -> list[str]:
    """Say which recipes were left out for want of calibration data, and what they need."""
    return [
        f"{recipe.name} is not made: its ranges need {wanted_samples(inputs)}"
        for recipe in left_out
    ]


def _notes(made: Made) -> Iterator[str]:
    """Say what of a static int8 file is computed in float that nobody asked to be."""
    for candidate in made.candidates:
        if not candidate.recipe.ranged:
            continue
        islands = float_islands(Graph.from_bytes(made.contents[candidate.file]))
        unasked = islands.keys() - {*STATIC_INT8.kinds, *candidate.recipe.kinds}
        if unasked:
            counts = ", ".join(f"{islands[kind]} {kind}" for kind in sorted(unasked))
            yield (
                f"{candidate.file} computes {counts} in float between DEQUANTIZE and QUANTIZE;"
                " XNNPACK in LiteRT 2.3 makes one table of each chain of unary ones, an older"
                " runtime computes them as they stand: as right, but slower"
            )


def _write(out: Path, made: Made, report: QuantizeReport) -> None:
    recipes = [candidate.recipe for candidate in report.candidates]
    stale = [each.corrections_file for each in recipes if not each.corrections_sha256]
    with updated_folder(out, [*stale, *report.no_longer_made]) as stage:
        for name, content in made.contents.items():
            write_bytes(stage / name, content)
        for recipe in recipes:
            if recipe.corrections_sha256:
                write_bytes(stage / recipe.corrections_file, recipe.found)
        write_text(stage / RECIPE, to_json(recipes_document(recipes)))
        write_text(stage / QUANTIZATION, to_json(report.model_dump(mode="json")))
