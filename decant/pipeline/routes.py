"""Lets other converters try the same model, and compares their files with decant's own."""

from __future__ import annotations

import contextlib
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..artifacts import remove, scratch_folder, write_text
from ..errors import DecantError, UsageError
from ..files import BEST_FILE, ROUTES
from ..machine import this_machine
from ..progress import track

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from decant.bench import ModelFile
    from decant.bench.schema import Latency
    from decant.convert import ConvertReport
    from decant.convert.routes import Attempt, Limits, Route

    from .documents.routes import RacedFile, RoutesReport

    Arrays = Mapping[str, NDArray[np.generic]]

logger = logging.getLogger(__name__)

OWN = "decant"
THREADS_1 = "threads_1"
AS_FAST = 1.03
"""Within this ratio to the fastest decant's own file is the best: it is traced and described."""

Keep = Literal["own", "best"]


@dataclass(frozen=True, slots=True)
class Race:
    """Who tries, and under what limits.

    Attributes:
        routes: In the order in which they try.
        limits: Of each.
        keep: "best" leaves the fastest verified file too, if that is not decant's own.
        oldest: Whether files are loaded in the oldest runtime.
    """

    routes: Sequence[Route]
    limits: Limits
    keep: Keep = "own"
    oldest: bool = True


def entrants_of(names: Sequence[str], keep: Keep) -> Race | None:
    """Say who races, by the names of routes; None where nobody was asked.

    Raises:
        UsageError: If no route is called so, or a file is to be kept of none.
    """
    if not names:
        if keep == "best":
            raise UsageError("--keep best is for a race; add --routes all")
        return None
    from decant.convert.routes import Limits, chosen

    return Race(chosen(names), Limits(), keep)


def race(
    entrants: Race,
    report: ConvertReport,
    out: Path,
    *,
    source: Path | nn.Module,
    inputs: Arrays | None,
) -> RoutesReport:
    """Let routes convert what decant has converted, and write `routes.json`.

    Args:
        entrants: The routes.
        report: Of decant's own conversion, which has verified its file.
        out: Folder of that.
        source: The `.onnx` or `.pt2` file, or the module, that was converted.
        inputs: What that was verified with, by ONNX name; other files are verified with random
            ones where these are raw pixels, which only decant's own takes.

    Raises:
        DecantError: If there is nothing to hold files against; never for what a route does.
    """
    from decant.convert.routes import OLDEST_RUNTIME, attempt, forms_of, reference_of

    from .documents.routes import RoutesReport

    with scratch_folder("decant-routes-") as folder:
        reference = reference_of(
            report.onnx,
            shapes=report.shapes,
            inputs=None if _takes_pixels(report) else inputs,
            tolerance=report.parity[-1].tolerance,
        )
        forms = forms_of(source, reference, folder)
        files = {OWN: report.tflite}
        files |= {route.name: folder / f"{route.name}.tflite" for route in entrants.routes}
        attempts = [_own(report)]
        for route in track(entrants.routes, "routes", len(entrants.routes)):
            attempts.append(attempt(route, forms, reference, files[route.name], entrants.limits))
        raced = _raced(attempts, files, entrants)
        best = _best(raced)
        kept = report.tflite.name
        if entrants.keep == "best" and best != OWN:
            kept = BEST_FILE
            shutil.copyfile(files[best], out / kept)
    given = "given" if reference.given else "random"
    found = RoutesReport(
        files=tuple(raced),
        best=best,
        kept=kept,
        samples=f"{len(reference.samples)} {given} samples",
        machine=this_machine(),
        oldest=OLDEST_RUNTIME,
    )
    write_text(out / ROUTES, found.model_dump_json(indent=2) + "\n")
    return found


def forget_earlier(out: Path, raced: RoutesReport | None) -> None:
    """Remove from a folder what an earlier race has left, and this one, if there was one, has not.

    Raises:
        DataError: If it may not be removed.
    """
    if raced is None:
        remove(out / ROUTES)
    if raced is None or raced.kept != BEST_FILE:
        remove(out / BEST_FILE)


def _takes_pixels(report: ConvertReport) -> bool:
    return any(info.dtype == "uint8" for info in report.inputs)


def _own(report: ConvertReport) -> Attempt:
    """Decant's own conversion, as an attempt."""
    from decant.convert.routes import Attempt

    last = report.parity[-1].hop if report.parity else ""
    return Attempt(
        route=OWN,
        outcome="verified",
        parity=tuple(each for each in report.parity if each.hop == last),
        inputs=report.inputs,
        outputs=report.outputs,
        operators=report.op_histogram,
        size_bytes=report.tflite.stat().st_size,
    )


def _raced(
    attempts: Sequence[Attempt], files: Mapping[str, Path], entrants: Race
) -> list[RacedFile]:
    """Add to each attempt what its file costs."""
    from .documents.routes import RacedFile

    verified = [each for each in attempts if each.outcome == "verified"]
    times = _latencies(verified, files)
    runs = _in_oldest(verified, files, entrants.limits) if entrants.oldest else {}
    raced = []
    for each in attempts:
        runs_in_oldest, reason = runs.get(each.route, (None, ""))
        raced.append(
            RacedFile(
                **dict(each),
                transposes=each.operators.get("TRANSPOSE", 0) if each.operators else None,
                latency=times.get(each.route),
                runs_in_oldest=runs_in_oldest,
                oldest_reason=reason,
            )
        )
    return raced


def _latencies(verified: Sequence[Attempt], files: Mapping[str, Path]) -> dict[str, Latency]:
    """Time files in turns; where one ends the process of all, each in turns with decant's own."""
    from decant.bench import ModelFile

    own, *others = (
        ModelFile(each.route, files[each.route], each.inputs, each.outputs) for each in verified
    )
    logger.info("the verified files are timed in turns …")
    try:
        return _in_turns([own, *others])
    except DecantError as error:
        logger.debug("not timed together", exc_info=error)
    found: dict[str, Latency] = {}
    for other in others:
        with contextlib.suppress(DecantError):
            found |= _in_turns([own, other])
    return found


def _in_turns(files: Sequence[ModelFile]) -> dict[str, Latency]:
    from decant.bench.latency import measure_latency

    return {name: times[THREADS_1] for name, times in measure_latency(files, (1,)).items()}


def _in_oldest(
    verified: Sequence[Attempt], files: Mapping[str, Path], limits: Limits
) -> dict[str, tuple[bool | None, str]]:
    """Say of each file whether the oldest runtime runs it, and why not."""
    from decant.convert.routes import NoEnvironment, runs_in_oldest

    found: dict[str, tuple[bool | None, str]] = {}
    for each in verified:
        try:
            reason = runs_in_oldest(files[each.route], limits)
        except NoEnvironment as error:
            return {each.route: (None, str(error)) for each in verified}
        found[each.route] = (not reason, reason)
    return found


def _best(raced: Sequence[RacedFile]) -> str:
    """Name the route of the fastest file, decant's own where that is about as fast."""
    ratios = {each.route: each.latency.ratio_to_reference for each in raced if each.latency}
    if not ratios:
        return OWN
    fastest = min(ratios, key=ratios.__getitem__)
    return OWN if ratios[fastest] * AS_FAST >= 1 else fastest
