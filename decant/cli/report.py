"""`decant report`: the page that shows what was measured."""

from __future__ import annotations

from .. import pipeline
from ..overrides import parse_overrides
from .options import Json, Model, OutOfReport, Set, Verbose
from .session import session


def report(
    model: Model,
    out: OutOfReport = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Draw report.html from what was measured."""
    with session("report", verbose=verbose, as_json=as_json) as terminal:
        drawn = pipeline.report(model, out, overrides=parse_overrides(changes))
        terminal.give(drawn, lambda _, found: terminal.result(f"{found.page}"))
