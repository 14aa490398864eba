"""`decant tflite`: the whole way, and what the user sees of it."""

from __future__ import annotations

from .. import pipeline
from ..overrides import parse_overrides
from .options import Json, Model, Out, Set, Verbose
from .session import session


def tflite(
    model: Model,
    out: Out = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Go the whole way: export, convert, quantize, measure, choose, report."""
    with session("tflite", verbose=verbose, as_json=as_json) as terminal:
        from .tables import give_measured

        give_measured(terminal, pipeline.tflite(model, out, overrides=parse_overrides(changes)))
