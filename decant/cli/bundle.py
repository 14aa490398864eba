"""`decant bundle`: the files of a release that an app ships."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..overrides import parse_overrides
from .options import Bundled, Json, Set, Verbose
from .session import session

if TYPE_CHECKING:
    from .terminal import Terminal


def bundle(
    model: Bundled,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="New, empty, or an earlier bundle, which is replaced."),
    ],
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Copy what an app ships: the model files, their sidecar, and the golden example."""
    with session("bundle", verbose=verbose, as_json=as_json) as terminal:
        bundled = pipeline.bundle(model, folder, overrides=parse_overrides(changes))
        terminal.give(bundled, _show)


def _show(terminal: Terminal, bundled: pipeline.Bundled) -> None:
    """Print the model files, and how much was copied."""
    for variant in bundled.sidecar.variants:
        size = f"{variant.size_bytes / 1e6:.3f} MB"
        terminal.result(f"{variant.accelerator}  {variant.name}  {variant.file}  {size}")
    count = len(bundled.files)
    terminal.result(f"{bundled.folder}: {bundled.sidecar.model}, {count} files, hashes right")
