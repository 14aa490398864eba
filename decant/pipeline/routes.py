"""Lets other converters try the same model, and compares their files with decant's own."""

from __future__ import annotations

import contextlib
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..artifacts import remove, scratch_folder, write_text
from ..errors import DecantError, ParityError, UnsupportedOp, UsageError
from ..files import BEST_FILE, ROUTES
from ..machine import this_machine
from ..progress import track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from decant.bench import ModelFile
    from decant.bench.schema import Latency
    from decant.convert import ConvertReport
    from decant.convert.routes import Attempt, Limits, Outcome, Route

    from ..shapes import AskedShapes
    from .conversion import ConvertOptions
    from .documents.routes import RacedFile, RoutesReport

    Arrays = Mapping[str, NDArray[np.generic]]

logger = logging.getLogger(__name__)

OWN = "decant"
THREADS_1 = "threads_1"
TOLERANCE = 1e-4
"""Of a conversion that was not asked for another."""
AS_FAST = 1.03
"""Within this ratio to the fastest decant's own file is the best: it is traced and described."""

Keep = Literal["own", "best"]


@dataclass(frozen=True, slots=True)
class Own:
    """What decant itself has made of a model.

    Attributes:
        attempt: How that ended.
        onnx: The ONNX file that was read or exported.
        shapes: Of inputs that it leaves free, as the conversion fixed them.
        tolerance: Largest relative error that was called equal.
        file: The verified file; None where decant has refused the model.
    """

    attempt: Attempt
    onnx: Path
    shapes: AskedShapes
    tolerance: float
    file: Path | None = None

    @classmethod
    def of(cls, report: ConvertReport) -> Own:
        """Take a conversion, which has verified its file."""
        from decant.convert.routes import Attempt

        *_, last = report.parity
        attempt = Attempt(
            route=OWN,
            outcome="verified",
            parity=tuple(each for each in report.parity if each.hop == last.hop),
            inputs=report.inputs,
            outputs=report.outputs,
            operators=report.op_histogram,
            size_bytes=report.tflite.stat().st_size,
        )
        return cls(attempt, report.onnx, report.shapes, last.tolerance, report.tflite)

    @classmethod
    def refusal(
        cls, error: UnsupportedOp | ParityError, onnx: Path, options: ConvertOptions
    ) -> Own:
        """Take a conversion that has failed."""
        from decant.convert.routes import Attempt

        outcome: Outcome = "differs" if isinstance(error, ParityError) else "not converted"
        attempt = Attempt(route=OWN, outcome=outcome, reason=f"{error}")
        return cls(attempt, onnx, options.get("shapes", {}), options.get("tolerance", TOLERANCE))


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
    own: Own,
    out: Path,
    *,
    source: Path | nn.Module,
    inputs: Arrays | None,
) -> RoutesReport:
    """Let routes convert what decant has converted or refused, and write `routes.json`.

    Args:
        entrants: The routes.
        own: decant's own conversion.
        out: Folder of that.
        source: The `.onnx` or `.pt2` file, or the module, that was converted.
        inputs: Samples to verify other files with, by ONNX name; random ones if None.

    Raises:
        DecantError: If there is nothing to hold files against; never for what a route does.
    """
    from decant.convert.routes import OLDEST_RUNTIME, attempt, forms_of, reference_of

    from .documents.routes import RoutesReport

    with scratch_folder("decant-routes-") as folder:
        reference = reference_of(
            own.onnx, shapes=own.shapes, inputs=inputs, tolerance=own.tolerance
        )
        forms = forms_of(source, reference, folder)
        files = {route.name: folder / f"{route.name}.tflite" for route in entrants.routes}
        if own.file is not None:
            files[OWN] = own.file
        attempts = [own.attempt]
        for route in track(entrants.routes, "routes", len(entrants.routes)):
            attempts.append(attempt(route, forms, reference, files[route.name], entrants.limits))
        raced = _raced(attempts, files, entrants)
        best = _best(raced)
        kept = None if own.file is None else own.file.name
        if entrants.keep == "best" and best not in (OWN, None):
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


def of_others(raced: RoutesReport) -> Iterator[str]:
    """Say what other converters made of a model that decant refuses: a line for each."""
    for each in raced.files[1:]:
        verified = each.outcome == "verified"
        more = "its file is left with --keep best" if verified else each.reason
        yield f"{each.route}: {each.outcome}: {more}"


def forget_earlier(out: Path, raced: RoutesReport | None) -> None:
    """Remove from a folder what an earlier race has left, and this one, if there was one, has not.

    Raises:
        DataError: If it may not be removed.
    """
    if raced is None:
        remove(out / ROUTES)
    if raced is None or raced.kept != BEST_FILE:
        remove(out / BEST_FILE)


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
    """Time files in turns; where one ends the process of all, each in turns with the first."""
    from decant.bench import ModelFile

    if not verified:
        return {}
    first, *others = (
        ModelFile(each.route, files[each.route], each.inputs, each.outputs) for each in verified
    )
    logger.info("the verified files are timed in turns …")
    try:
        return _in_turns([first, *others])
    except DecantError as error:
        logger.debug("not timed together", exc_info=error)
    found: dict[str, Latency] = {}
    for other in others:
        with contextlib.suppress(DecantError):
            found |= _in_turns([first, other])
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


def _best(raced: Sequence[RacedFile]) -> str | None:
    """Name the route of the fastest verified file, decant's own where that is about as fast."""
    verified = [each.route for each in raced if each.outcome == "verified"]
    ratios = {each.route: each.latency.ratio_to_reference for each in raced if each.latency}
    if not ratios:
        return next(iter(verified), None)
    fastest = min(ratios, key=ratios.__getitem__)
    return OWN if OWN in ratios and ratios[fastest] * AS_FAST >= ratios[OWN] else fastest
