"""Makes the quantized candidates of a file of several signatures, which share what they can."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from decant.artifacts import scratch_folder, to_json, updated_folder, write_bytes, write_text
from decant.described import described_beside
from decant.errors import DataError, InternalError
from decant.files import (
    FLOAT_FILE,
    QUANTIZATION,
    QUANTIZED_SIGNATURES,
    RECIPE,
    SIGNATURES_FOLDER,
)
from decant.flatbuffer import Graph, parted, united
from decant.isolation import run_isolated
from decant.runtime import describe
from decant.runtime_signatures import OwnFile, held_to_own, of_signature

from .pipeline import quantize
from .recipes import default_recipes
from .report import SignaturesCandidate, SignaturesQuantizeReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from decant.inputs.stored import AnyArray
    from decant.paths import AnyPath

    from .recipes import Recipe
    from .report import QuantizeReport

    Arrays = Mapping[str, AnyArray]

logger = logging.getLogger(__name__)

TOLERANCE = 1e-4
"""Relative error that is still called equal, as in a conversion."""


def quantize_signatures(
    tflite: AnyPath,
    out: AnyPath,
    *,
    calibration: Mapping[str, Arrays] | None = None,
    recipes: Sequence[Recipe] | None = None,
) -> SignaturesQuantizeReport:
    """Make one candidate per recipe of a file of several signatures.

    Every signature is quantized by itself, as `quantize` does, and the files of one recipe are
    united: the ranges of activations are a signature's own, and weights, which have the same scales
    in all of them, are stored once. Writes the candidates and `quantize_signatures.json` into
    `out`, all or none.

    Args:
        tflite: The float file.
        out: Folder for the candidates.
        calibration: Signature → its samples, see `quantize`. Without `recipes`, those that have
            to measure ranges are left out where a signature has none.
        recipes: See `quantize`.

    Raises:
        DataError: The file or the data of a signature is unusable; the message names it.
        InternalError: No recipe gave a candidate of every signature.
    """
    tflite, out = Path(tflite), Path(out)
    given = calibration or {}
    reports: dict[str, QuantizeReport] = {}
    stale = [QUANTIZATION, RECIPE]
    with scratch_folder("decant-signatures-") as scratch, updated_folder(out, stale) as stage:
        parts = parted(Graph.from_file(tflite))
        _check_names(given, parts)
        without_data = [name for name in parts if name not in given]
        left_out: tuple[Recipe, ...] = ()
        if recipes is None:
            recipes, left_out = default_recipes(calibrated=not without_data)
        for number, (name, graph) in enumerate(parts.items()):
            logger.info("signature %s …", name)
            folder = scratch / str(number)  # another tool's name may be no name of a folder
            with of_signature(name):
                alone = _written_alone(graph, folder, tflite, name)
                reports[name] = quantize(
                    alone.path,
                    folder,
                    calibration=given.get(name),
                    inputs=alone.inputs,
                    outputs=alone.outputs,
                    recipes=recipes,
                )
        report = SignaturesQuantizeReport(
            folder=out,
            candidates=tuple(_united(reports, given, stage)),
            left_out={
                **{recipe.name: _no_data(without_data) for recipe in left_out},
                **_failures(reports),
            },
            float_size_bytes=tflite.stat().st_size,
            signatures=reports,
        )
        write_text(stage / QUANTIZED_SIGNATURES, to_json(report.model_dump(mode="json")))
    return report


def _check_names(given: Mapping[str, Arrays], parts: Mapping[str, Graph]) -> None:
    for name in given:
        if name not in parts:
            raise DataError(
                f"calibration data is given for {name}; the file's signatures are"
                f" {', '.join(parts)}: rename it"
            )


def _written_alone(graph: Graph, folder: Path, tflite: Path, name: str) -> OwnFile:
    """Write a signature as a file of its own, with what its conversion says of axes."""
    path = folder / FLOAT_FILE
    write_bytes(path, graph.to_bytes())
    converted = tflite.parent / SIGNATURES_FOLDER / name / FLOAT_FILE
    told = described_beside(converted, run_isolated(describe, path))
    return OwnFile(path, told.inputs, told.outputs)


def _shared(reports: Mapping[str, QuantizeReport]) -> list[str]:
    """Name the recipes that gave a candidate of every signature."""
    first, *others = ([c.name for c in each.candidates] for each in reports.values())
    return [name for name in first if all(name in other for other in others)]


def _united(
    reports: Mapping[str, QuantizeReport], given: Mapping[str, Arrays], stage: Path
) -> Iterator[SignaturesCandidate]:
    """Write the file of each recipe, and hold its signatures to the files of their own."""
    shared = _shared(reports)
    if not shared:
        reasons = "; ".join(f"{name}: {why}" for name, why in _failures(reports).items())
        raise InternalError(f"no recipe gave a candidate of every signature. {reasons}")
    for recipe in shared:
        files, found = {}, {}
        for name, report in reports.items():
            (found[name],) = (each for each in report.candidates if each.name == recipe)
            files[name] = OwnFile(report.path(found[name]), found[name].inputs, found[name].outputs)
        path = stage / next(iter(found.values())).file
        graphs = {name: Graph.from_file(file.path) for name, file in files.items()}
        write_bytes(path, united(graphs).to_bytes())
        runs = {name: file.runs(given.get(name)) for name, file in files.items()}
        held_to_own(path, files, runs, TOLERANCE)
        yield SignaturesCandidate(
            name=recipe,
            file=path.name,
            size_bytes=path.stat().st_size,
            fit=all(each.fit for each in found.values()),
        )


def _no_data(names: Sequence[str]) -> str:
    """Say which signatures have no calibration data, and how it is given."""
    return (
        f"signature {', '.join(names)}: its ranges need real samples: `--calibration"
        f" X.npz` with arrays called {names[0]}:INPUT, or `calibration=` in Python"
    )


def _failures(reports: Mapping[str, QuantizeReport]) -> dict[str, str]:
    """Say of each recipe that failed of which signature first, and why."""
    found: dict[str, str] = {}
    for name, report in reports.items():
        for recipe, why in report.failures.items():
            found.setdefault(recipe, f"signature {name}: {why}")
    return found
