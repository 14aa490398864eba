"""`decant gate`: whether a model may be released."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..errors import GateFailed
from ..files import GATE_SUMMARY, REPORT
from ..overrides import parse_overrides
from .options import Json, Model, OutOfReport, Set, Verbose
from .session import session

if TYPE_CHECKING:
    from .terminal import Terminal


def gate(
    model: Model,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar=REPORT, help="Report to compare with; the spec's if not given."),
    ] = None,
    out: OutOfReport = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check a model's report against its requirements and a baseline; exit 1 is a no."""
    with session("gate", verbose=verbose, as_json=as_json) as terminal:
        judged = pipeline.gate(model, out, baseline=baseline, overrides=parse_overrides(changes))
        terminal.give(judged, _show)
        if not judged.result.passed:
            failed = ", ".join(check.name for check in judged.result.failed)
            summary = judged.folder / GATE_SUMMARY
            raise GateFailed(f"the gate says no to {failed}; {summary} has the details")


def _show(terminal: Terminal, judged: pipeline.Judged) -> None:
    """Print a line per check, and the answer."""
    for line in judged.result.lines():
        terminal.result(line)
