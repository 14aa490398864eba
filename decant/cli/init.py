"""`decant init`: the first spec of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..files import SPEC
from .options import Json, Verbose
from .session import session

if TYPE_CHECKING:
    from .terminal import Terminal


def init(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A .onnx, .pt2 or .tflite, or a factory as file.py:function."
        ),
    ],
    task: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="What the model is for: classification, detection, quad_detection, segmentation,"
            " keypoints, regression, sequence, embedding, image, or custom.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A new file to write.")
    ] = Path(SPEC),
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write a commented model.toml with all that can be read from a model's file."""
    with session("init", verbose=verbose, as_json=as_json) as terminal:
        begun = pipeline.init(source, task, out=out)
        terminal.give(begun, _show)


def _show(terminal: Terminal, begun: pipeline.Initial) -> None:
    """Print what is left to do."""
    terminal.result(
        f"{begun.path}: {begun.open_keys} lines are marked TODO; fill them in, then: "
        f"decant tflite {begun.path}"
    )
