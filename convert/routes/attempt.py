"""Lets one route convert a model, and says what came of it, whatever did."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from decant.artifacts import scratch_folder
from decant.errors import UnsupportedOp, cut
from decant.flatbuffer import Graph
from decant.isolation import run_checked
from decant.parity import Parity
from decant.tensors import TensorInfo

from .environment import NoEnvironment
from .matching import match
from .process import run_limited

if TYPE_CHECKING:
    from .forms import Forms
    from .reference import Reference
    from .route import Route

logger = logging.getLogger(__name__)

LAUNCHER: Final = Path(__file__).with_name("launcher.py")
LONGEST_REASON: Final = 300
GB: Final = 2**30

Outcome = Literal["verified", "differs", "not converted", "not run", "no environment"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a route may take.

    Attributes:
        time_s: For a conversion.
        memory_bytes: What its process may allocate.
    """

    time_s: float = 900.0
    memory_bytes: int = 12 * GB


class Attempt(BaseModel):
    """What a route made of a model.

    Attributes:
        route: Its name.
        outcome: "verified": its file computes what the model does; "differs": it computes something
            else; "not run": LiteRT cannot run it, or its inputs or outputs are not the model's;
            "not converted": there is no file; "no environment": the route could not be tried.
        reason: Why it is not verified, in a line or two.
        seconds: What the conversion took.
        parity: How far each output is from the model's; none where the file did not run.
        inputs: Of its file, in the model's order.
        outputs: The same.
        notes: What its file calls or lays out differently.
        operators: Operator → count; of a file that LiteRT cannot run too.
        size_bytes: Of its file.
        log: The last lines that the route printed, where it failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    route: str
    outcome: Outcome
    reason: str = ""
    seconds: float | None = None
    parity: tuple[Parity, ...] = ()
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    notes: tuple[str, ...] = ()
    operators: dict[str, int] = {}
    size_bytes: int | None = None
    log: str = ""


class RouteFailed(UnsupportedOp):
    """A worker that did not do its work."""

    def __init__(self, reason: str, log: str) -> None:
        super().__init__(reason)
        self.log = log


def attempt(
    route: Route, forms: Forms, reference: Reference, target: Path, limits: Limits
) -> Attempt:
    """Convert by a route, and hold its file against the model; never raises for what a route does.

    Args:
        route: Whose environment is made if need be.
        forms: What to convert.
        reference: The model's own answers.
        target: The file to write; there is one, too, where it is not verified.
        limits: Of the conversion.
    """
    started = time.monotonic()
    try:
        source = forms.taken_by(route.takes)
        python = route.environment.python()
        started = time.monotonic()
        logger.info("%s converts …", route.name)
        run_worker(python, route.worker, source, target, limits)
    except NoEnvironment as error:
        return Attempt(route=route.name, outcome="no environment", reason=str(error))
    except RouteFailed as error:
        taken = time.monotonic() - started
        return Attempt(
            route=route.name,
            outcome="not converted",
            reason=str(error),
            seconds=taken,
            log=error.log,
        )
    except UnsupportedOp as error:
        return Attempt(route=route.name, outcome="not converted", reason=str(error))
    return _judged(route.name, target, reference, time.monotonic() - started)


def run_worker(python: Path, worker: Path, source: Path, target: Path, limits: Limits) -> None:
    """Let a worker do its work in a process of its own.

    Raises:
        RouteFailed: It raised, crashed, ran into a limit, or wrote nothing.
    """
    with scratch_folder("decant-route-") as folder:
        refusal, made, job = folder / "refusal", folder / "made.tflite", folder / "job.json"
        work = {"worker": worker, "source": source.resolve(), "target": made, "refusal": refusal}
        told = {name: str(path) for name, path in work.items()}
        job.write_text(json.dumps({**told, "memory_bytes": limits.memory_bytes}))
        ended = run_limited(
            [str(python), "-I", str(LAUNCHER), str(job)], time_s=limits.time_s, folder=folder
        )
        if ended.code == 0:
            if made.exists():
                target.write_bytes(made.read_bytes())
            return
        if refusal.exists():
            reason = " ".join(refusal.read_text(errors="replace").split())
        else:
            reason = f"its process {ended.how(limits.time_s)}"
        if "MemoryError" in reason or "bad_alloc" in ended.output:
            reason = f"wants more than {limits.memory_bytes / GB:.3g} GB of memory"
        raise RouteFailed(cut(reason, LONGEST_REASON), ended.tail().strip())


def _judged(name: str, path: Path, reference: Reference, seconds: float) -> Attempt:
    """Run a file, and compare."""
    known: dict[str, Any] = {"route": name, "seconds": seconds}
    if not path.is_file():
        reason = "ended well, and wrote no file"
        return Attempt(outcome="not converted", reason=reason, **known)
    known |= {"size_bytes": path.stat().st_size}
    try:
        known |= {"operators": run_checked(_histogram, path)}
        found = run_checked(
            match, path, reference.samples, reference.outputs, reference.expected.answers
        )
        parity = reference.parity(name, found.answers)
    except Exception as error:
        logger.debug("%s: its file does not run", name, exc_info=error)
        reason = cut(" ".join(str(error).replace(str(path), "its file").split()), LONGEST_REASON)
        return Attempt(outcome="not run", reason=reason, **known)
    failed = [each for each in parity if not each.passed]
    return Attempt(
        outcome="differs" if failed else "verified",
        reason=f"{failed[0]}" if failed else "",
        parity=parity,
        inputs=found.inputs,
        outputs=found.outputs,
        notes=found.notes,
        **known,
    )


def _histogram(path: Path) -> dict[str, int]:
    return Graph.from_file(path).histogram()
