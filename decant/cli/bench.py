"""`decant bench`: what a model's files or a file alone cost, and how right they are."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import pipeline
from ..overrides import parse_overrides
from .options import Json, OutOfBench, Set, Verbose
from .session import session


def bench(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A model, or a .tflite file.")],
    out: OutOfBench = None,
    threads: Annotated[
        list[int] | None,
        typer.Option(min=1, metavar="N", help="Threads to time with; may be repeated."),
    ] = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Measure size, latency and memory, and for a model accuracy and its drop as well."""
    with session("bench", verbose=verbose, as_json=as_json) as terminal:
        from .tables import give_measured

        give_measured(
            terminal,
            pipeline.bench(source, out, threads=threads or (), overrides=parse_overrides(changes)),
        )
