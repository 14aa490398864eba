"""From a float `.tflite` and calibration samples to quantized candidates."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.artifacts import to_json, updated_folder, write_bytes, write_text
from decant.errors import DataError, InternalError, ParityError
from decant.isolation import run_checked, run_isolated
from decant.runtime import LiteRtModel, describe

from . import rewrites
from .calibrate import measure, samples_of, split
from .flatbuffer import Graph
from .ranges import choose
from .recipes import RECIPES
from .report import Candidate, QuantizeReport, constant_outputs, snr_db
from .transform import LIBRARY, transform, version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from decant.tensors import TensorInfo

    from .calibrate import Sample, Statistics
    from .recipes import Recipe

    Infos = tuple[TensorInfo, ...]
    Outputs = dict[str, NDArray[Any]]

RECIPE_FILE = "recipe.json"
REPORT_FILE = "quantize.json"


@dataclass(frozen=True, slots=True)
class _Job:
    """What every recipe works with.

    Attributes:
        graph: The float graph after rewrites.
        inputs: Of the float file.
        outputs: Of the float file.
        statistics: Per activation, over the calibration samples.
        held_out: The samples to measure on.
        reference: The float file's outputs on them.
        out: Where candidates go.
    """

    graph: Graph
    inputs: Infos
    outputs: Infos
    statistics: Mapping[str, Statistics]
    held_out: list[Sample]
    reference: list[Outputs]
    out: Path


def quantize(
    tflite: Path,
    out: Path,
    *,
    calibration: Mapping[str, NDArray[Any]],
    inputs: Sequence[TensorInfo],
    outputs: Sequence[TensorInfo],
    recipes: Sequence[Recipe] = tuple(RECIPES.values()),
) -> QuantizeReport:
    """Make one candidate per recipe, with float inputs and outputs under the same names.

    Writes each candidate, `recipe.json` (the recipes with the activation ranges used, enough to
    make the same files again) and `quantize.json` (the report) into `out`, all or none. Native
    code runs in processes of its own; a recipe whose process fails becomes one of the report's
    `failures`.

    Args:
        tflite: The float file.
        out: Folder for the candidates.
        calibration: Per input name [samples, …], each sample in ONNX axis order. A quarter of the
            samples is held out of calibration for the signal-to-noise ratios.
        inputs: The float file's inputs, as conversion described them.
        outputs: The float file's outputs.
        recipes: What to make.

    Raises:
        DataError: The float file or the calibration data is unusable; the message says why.
        InternalError: No recipe gave a candidate, or the float file itself crashes.
    """
    every = samples_of(calibration, inputs)
    samples, held_out = split(every)
    graph = Graph.from_file(tflite)
    graph.rename_duplicates()
    graph.ensure_signature()
    applied = rewrites.apply(graph)
    border = tuple(inputs), tuple(outputs)
    reference, _ = run_checked(_run, tflite, *border, held_out)
    statistics = _calibrated(graph, border[0], samples, recipes)
    with updated_folder(out) as stage:
        job = _Job(graph, *border, statistics, held_out, reference, stage)
        candidates, failures = _make_all(job, recipes)
        report = QuantizeReport(
            folder=out,
            candidates=candidates,
            failures=failures,
            calibration_samples=len(samples),
            measured_samples=len(held_out),
            rewrites=applied,
            warnings=tuple(_warnings(len(every), reference, failures)),
        )
        write_text(stage / RECIPE_FILE, _recipes_json(report))
        write_text(stage / REPORT_FILE, to_json(report.model_dump(mode="json")))
    return report


def _calibrated(
    graph: Graph, inputs: Infos, samples: Sequence[Sample], recipes: Sequence[Recipe]
) -> dict[str, Statistics]:
    """Measure what the recipes need; nothing if they bring their own ranges."""
    methods = {recipe.range_method for recipe in recipes if recipe.needs_calibration}
    if not methods:
        return {}
    return run_checked(measure, graph.to_bytes(), inputs, samples, histograms="mse" in methods)


def _make_all(job: _Job, recipes: Sequence[Recipe]) -> tuple[tuple[Candidate, ...], dict[str, str]]:
    """Make the candidates; a recipe that fails leaves its reason instead."""
    candidates: list[Candidate] = []
    failures: dict[str, str] = {}
    for recipe in recipes:
        try:
            candidates.append(_make(job, recipe))
        except (InternalError, ParityError) as error:
            failures[recipe.name] = str(error)
    if not candidates:
        raise InternalError(
            "no candidate could be made. "
            + ("; ".join(f"{name}: {why}" for name, why in failures.items()) or "No recipe given")
        )
    return tuple(candidates), failures


def _make(job: _Job, recipe: Recipe) -> Candidate:
    """Make one candidate, run it, and only then put it into the folder."""
    if recipe.needs_calibration:
        ranges = choose(job.graph, job.statistics, recipe.range_method)
        recipe = recipe.model_copy(update={"ranges": ranges})
    content = run_isolated(transform, job.graph.to_bytes(), recipe)
    with tempfile.TemporaryDirectory(prefix="decant-quantize-") as folder:
        path = Path(folder, recipe.file)
        path.write_bytes(content)
        outputs, border = _first_run(job, path)
    _check_finite(recipe, outputs)
    write_bytes(job.out / recipe.file, content)
    return Candidate(
        name=recipe.name,
        file=recipe.file,
        size_bytes=len(content),
        inputs=border[0],
        outputs=border[1],
        quantizer=f"{LIBRARY} {version()}",
        recipe=recipe,
        snr_db=snr_db(job.reference, outputs),
        operators=Graph.from_bytes(content).histogram(),
    )


def _first_run(job: _Job, path: Path) -> tuple[list[Outputs], tuple[Infos, Infos]]:
    """Run a new file for the first time, where its crash becomes a message."""
    try:
        return run_checked(_run, path, job.inputs, job.outputs, job.held_out)
    except InternalError as error:
        raise InternalError(f"LiteRT crashes on the new {path.name}: {error}") from error
    except DataError as error:
        reason = str(error).removeprefix(f"{path}: ")  # a temporary one
        raise InternalError(f"the new {path.name} does not run: {reason}") from error


def _run(
    path: Path, inputs: Infos, outputs: Infos, samples: Sequence[Sample]
) -> tuple[list[Outputs], tuple[Infos, Infos]]:
    """Run a file on every sample; for a child process.

    Returns:
        The outputs per sample in ONNX order, and the inputs and outputs as the file has them.
    """
    found = describe(path)
    border = _with_scales(inputs, found.inputs), _with_scales(outputs, found.outputs)
    model = LiteRtModel(path, *border)
    return [model.run(sample) for sample in samples], border


def _with_scales(described: Infos, found: Infos) -> Infos:
    """Add the file's own scales and zero points to descriptions."""
    known = {info.name: info for info in found}
    return tuple(
        info.model_copy(
            update={"scale": known[info.name].scale, "zero_point": known[info.name].zero_point}
        )
        if info.name in known
        else info
        for info in described
    )


def _check_finite(recipe: Recipe, outputs: Sequence[Outputs]) -> None:
    """Refuse a candidate that computes NaN or infinity."""
    for sample in outputs:
        for name, value in sample.items():
            if not np.isfinite(value).all():
                raise ParityError(
                    f"output {name!r} of {recipe.file} is NaN or infinite on held-out calibration"
                    f" data; keep the operators before it in float (`keep_float` of {recipe.name})"
                )


def _warnings(given: int, reference: Sequence[Outputs], failures: Mapping[str, str]) -> list[str]:
    """Say what failed, and what weakens the signal-to-noise ratios."""
    notes = [f"recipe {name} made no candidate: {why}" for name, why in failures.items()]
    if given == 1:
        notes.append("one calibration sample only: ranges and ratios come from the same sample")
    notes.extend(
        f"output {name!r} hardly changes between samples, so that its ratio proves nothing"
        for name in constant_outputs(reference)
    )
    return notes


def _recipes_json(report: QuantizeReport) -> str:
    """Write the recipes used, with which each file can be made again without calibrating."""
    return to_json(
        {
            "schema_version": 1,
            "quantizer": f"{LIBRARY} {version()}",
            "recipes": [candidate.recipe.to_json() for candidate in report.candidates],
        }
    )
