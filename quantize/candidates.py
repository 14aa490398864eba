"""Makes candidates from the float graph, each one proved to run before it is kept."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from decant.artifacts import scratch_folder
from decant.errors import DataError, DecantError, InternalError, ParityError
from decant.fidelity import broken, weakest
from decant.flatbuffer.graph import Graph
from decant.isolation import run_checked, run_isolated
from decant.runtime import LiteRtModel, describe

from .correcting import correct, corrected_graph
from .islands import float_groups
from .judge import output_steps
from .modules import by_tensors, module_of
from .pure.masks import bounded_ranges
from .pure.refusal import check_pure
from .ranges import UNBOUNDED, check_ranges, choose, written_by
from .recipes import quantizer_version
from .remedy import longer_float_ends
from .report import Candidate, Spared
from .sparing import sparing
from .transform import transform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from decant.inputs import Run

    from .job import Infos, Job, Outputs, Scoring
    from .recipes import Recipe


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of the recipes.

    Attributes:
        candidates: In the order of the recipes.
        contents: File name → bytes.
        failures: Recipe name → why it made no candidate.
        remedies: Unfit candidate → what of it is fit with more kept float, or None.
    """

    candidates: list[Candidate] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    remedies: dict[str, Candidate | None] = field(default_factory=dict)


def make_all(job: Job, recipes: Sequence[Recipe]) -> Made:
    """Make the candidates; a recipe that fails leaves its reason instead.

    Raises:
        DecantError: Every recipe failed; of the type with the highest exit code among them.
    """
    made = Made()
    errors: list[DecantError] = []
    for recipe in recipes:
        logger.info("%s …", recipe.name)
        try:
            candidate, content = make(job, recipe)
        except DecantError as error:
            errors.append(error)
            made.failures[recipe.name] = str(error)
        else:
            made.candidates.append(candidate)
            made.contents[candidate.file] = content
            if not candidate.fit:
                made.remedies[candidate.name] = _remedy(job, candidate)
    if made.candidates:
        return made
    if len(errors) == 1:
        raise errors[0]
    gravest = max(errors, key=lambda error: error.exit_code)
    reasons = "; ".join(f"{name}: {why}" for name, why in made.failures.items())
    raise type(gravest)(f"no candidate could be made. {reasons}")


def run_file(
    path: Path, inputs: Infos, outputs: Infos, runs: Sequence[Run]
) -> tuple[list[Outputs], tuple[Infos, Infos]]:
    """Run a file on every sample; for a child process.

    Returns:
        The outputs per run in ONNX order, and the inputs and outputs as the file has them.
    """
    found = describe(path)
    signature = _with_scales(inputs, found.inputs), _with_scales(outputs, found.outputs)
    model = LiteRtModel(path, *signature)
    return [model.run(run) for run in runs], signature


def make(job: Job, recipe: Recipe) -> tuple[Candidate, bytes]:
    """Make one candidate and run it.

    Raises:
        DecantError: The recipe gives no file, or none that runs.
    """
    if recipe.ranged and not recipe.ranges:
        if isinstance(job.statistics, InternalError):
            raise job.statistics
        calibrators = job.calibrators if recipe.calibrator == "auto" else recipe.calibrator
        ranges = choose(job.graph, job.statistics, calibrators)
        if recipe.pure:
            ranges, groups = bounded_ranges(job.graph, ranges), recipe.groups
        else:
            groups = (*float_groups(job.graph, ranges), *recipe.groups)
        recipe = recipe.model_copy(
            update={"ranges": ranges, "groups": groups, "model_sha256": job.model_sha256}
        )
    named = by_tensors(recipe, job.graph, job.modules)
    check_ranges(job.graph, named, UNBOUNDED)
    if not recipe.asks_to_correct:
        return _proven(job, recipe, named)
    return correct(job, named, partial(_proven, job, recipe))


def _proven(job: Job, recipe: Recipe, named: Recipe) -> tuple[Candidate, bytes]:
    """Make a candidate and run it.

    Args:
        job: With the graph.
        recipe: As it is written down, but for what `named` has found since.
        named: Whose groups name tensors; with ranges and what corrections have found.
    """
    built, named, spared = sparing(job.graph, named, partial(_built, job))
    content, outputs, signature = built
    if recipe.pure:
        check_pure(Graph.from_bytes(content), recipe, job.modules)
    drop = None if job.scoring is None else _drop(job, job.scoring, content)
    _check_finite(job, recipe, outputs)
    made = Graph.from_bytes(content)
    parts = () if job.judge is None else job.judge.parts(outputs, output_steps(made))
    candidate = Candidate(
        name=recipe.name,
        file=recipe.file,
        size_bytes=len(content),
        inputs=signature[0],
        outputs=signature[1],
        quantizer=quantizer_version(),
        recipe=named.model_copy(update={"groups": recipe.groups}),
        snr_db={output: part.snr_db for output, part in weakest(parts).items()},
        parts=parts,
        fit=not broken(parts),
        drop=drop,
        spared=_described(job, spared),
        operators=made.histogram(),
    )
    return candidate, content


def _built(job: Job, named: Recipe) -> tuple[bytes, list[Outputs], tuple[Infos, Infos]]:
    """Make the file and run it; returns it with its outputs, inputs and outputs as it has them."""
    content = run_isolated(transform, corrected_graph(job.graph, named).to_bytes(), named)
    with scratch_folder("decant-quantize-") as folder:
        path = folder / named.file
        path.write_bytes(content)
        return content, *_first_run(job, path)


def _described(job: Job, spared: Mapping[str, str]) -> tuple[Spared, ...]:
    """Say what operators are that stay float, from names of what they write."""
    kinds = {written_by(job.graph, each): job.graph.kind(each) for each in job.graph.operators}
    return tuple(
        Spared(
            operator=kinds[written],
            tensor=written.split(";")[0],
            module=module_of(written, job.modules),
            why=why,
        )
        for written, why in spared.items()
    )


def _drop(job: Job, scoring: Scoring, content: bytes) -> float:
    """Measure how much less the metric is than the float file's."""
    with scratch_folder("decant-quantize-") as folder:
        path = folder / "scored.tflite"
        path.write_bytes(content)
        outputs, _ = run_isolated(run_file, path, job.inputs, job.outputs, scoring.runs)
    return scoring.reference - scoring.figure(outputs)


def _remedy(job: Job, candidate: Candidate) -> Candidate | None:
    """Find how much of an unfit static candidate has to stay float for it to be fit."""
    if not candidate.recipe.ranged or candidate.recipe.pure:
        return None
    outputs = list(dict.fromkeys(part.output for part in broken(candidate.parts)))
    for recipe in longer_float_ends(job.graph, candidate.recipe, outputs):
        logger.info("%s is unfit; tried with its end kept float …", candidate.name)
        try:
            tried, _ = make(job, recipe)
        except DecantError:
            continue
        if tried.fit:
            return tried
    return None


def _first_run(job: Job, path: Path) -> tuple[list[Outputs], tuple[Infos, Infos]]:
    """Run a new file for the first time, where its crash becomes a message."""
    try:
        return run_checked(run_file, path, job.inputs, job.outputs, job.held_out)
    except InternalError as error:
        raise InternalError(f"LiteRT crashes on the new {path.name}: {error}") from error
    except DataError as error:
        reason = str(error).removeprefix(f"{path}: ")  # a temporary one
        raise InternalError(f"the new {path.name} does not run: {reason}") from error


def _with_scales(described: Infos, found: Infos) -> Infos:
    """Add the file's own scales and zero points to descriptions, and the types that have them."""
    known = {info.name: info for info in found}
    return tuple(
        info.model_copy(
            update={
                "dtype": info.dtype if (own := known[info.name]).scale is None else own.dtype,
                "scale": own.scale,
                "zero_point": own.zero_point,
            }
        )
        if info.name in known
        else info
        for info in described
    )


def _check_finite(job: Job, recipe: Recipe, outputs: Sequence[Outputs]) -> None:
    """Refuse a candidate that computes NaN or infinity where the float file does not."""
    for expected, found in zip(job.reference, outputs, strict=True):
        for name, value in found.items():
            if np.isfinite(expected[name]).all() and not np.isfinite(value).all():
                raise ParityError(
                    f"output {name!r} of {recipe.file} is NaN or infinite where the float file's is"
                    f" not; keep the operators before it in float (`keep_float` of {recipe.name})"
                )
