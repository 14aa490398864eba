"""`decant quantize`: the candidates of a model or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import pipeline
from ..files import RECIPE
from ..overrides import parse_overrides
from ..shapes import parse_shapes
from .options import Json, OutOfStep, Set, Shapes, Verbose
from .session import session


def quantize(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A model, or a .onnx, .pt2 or float .tflite file."),
    ],
    out: OutOfStep = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="X.npz",
            help="Inputs by ONNX name and in ONNX axis order, a hundred or so; a spec names its"
            " own. Every fourth is held out to measure on. Without it, a file becomes float16 and"
            " dynamic int8 only.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar=RECIPE,
            help="That of an earlier run: the same files, no calibration.",
        ),
    ] = None,
    qdq: Annotated[
        bool,
        typer.Option(
            "--qdq",
            help="Write int8 candidates as ONNX too, with explicit QuantizeLinear and"
            " DequantizeLinear, for ONNX Runtime, OpenVINO and TensorRT.",
        ),
    ] = False,
    shapes: Shapes = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make the float16, dynamic int8 and, with calibration, static int8 candidates of a model."""
    with session("quantize", verbose=verbose, as_json=as_json) as terminal:
        from .tables import show_quantized

        made = pipeline.quantize(
            source,
            out,
            calibration=calibration,
            recipe=recipe,
            qdq=qdq,
            shapes=parse_shapes(shapes),
            overrides=parse_overrides(changes),
        )
        terminal.give(made, show_quantized)
