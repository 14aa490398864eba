"""`decant ops`: which operators are converted, and which of a file's nodes are in the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..errors import UnsupportedOp
from ..shapes import parse_shapes
from .options import Json, Shapes, Verbose
from .session import session

if TYPE_CHECKING:
    from .terminal import Terminal


def ops(
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE.onnx]", help="A file; if not given, all.")
    ] = None,
    shapes: Shapes = None,
    operators: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.py", help="Operators file to count in; may be repeated."),
    ] = None,
    rewrites: Annotated[
        bool, typer.Option("--rewrites", help="List the rewrites of the graph instead.")
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say which operators are converted and how, or what of a file is in the way."""
    with session("ops", verbose=verbose, as_json=as_json) as terminal:
        found = pipeline.ops(
            source, shapes=parse_shapes(shapes or []), operators=tuple(operators or ())
        )
        terminal.give(found, _show_rewrites if rewrites else _show)
        if found.refusal:
            raise UnsupportedOp(found.refusal)


def _show(terminal: Terminal, found: pipeline.Operators) -> None:
    """Print a line per operator."""
    width = max((len(each.name) for each in found.operators), default=0)
    for each in found.operators:
        count = "" if found.nodes is None else f"{found.nodes[each.name]:5}  "
        since = "" if each.since is None else f"opset {each.since}+"
        way = "no" if each.way == "none" else each.way
        terminal.result(f"{each.name:{width}}  {count}{since:9}  {way:9}  {each.how}")


def _show_rewrites(terminal: Terminal, found: pipeline.Operators) -> None:
    """Print each rewrite with its picture."""
    for each in found.rewrites:
        terminal.result(f"{each.name} ({each.accuracy})")
        for line in each.description.splitlines():
            terminal.result(f"    {line}".rstrip())
