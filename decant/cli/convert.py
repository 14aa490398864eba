"""`decant convert`: a verified float file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..files import BEST_FILE
from ..overrides import parse_overrides
from ..shapes import parse_shapes, parse_signatures
from .options import InputType, Json, Keep, Layout, OutOfStep, Set, Shapes, Signatures, Verbose
from .session import session

if TYPE_CHECKING:
    from .terminal import Terminal


def convert(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A model, a .onnx or a .pt2 file.")
    ],
    out: OutOfStep = None,
    input_layout: Annotated[
        Layout,
        typer.Option(help="Of inputs: nhwc moves the channels last, keep leaves the axes alone."),
    ] = Layout.NHWC,
    output_layout: Annotated[Layout, typer.Option(help="Likewise, of outputs.")] = Layout.NHWC,
    input_dtype: Annotated[
        InputType | None,
        typer.Option(help="uint8 takes raw camera pixels; float32 unless a spec says otherwise."),
    ] = None,
    shapes: Shapes = None,
    signatures: Signatures = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            metavar="X.npz",
            help="Inputs to verify with, by ONNX name; a spec's photos, or noise for a file, if"
            " not given.",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(min=0, metavar="X", help="Relative error that is still called equal."),
    ] = 1e-4,
    operators: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.py",
            help="Operators file: lowerings of your own ops and rewrites of your own, as "
            "docs/how-to/own-op.md has one; may be repeated.",
        ),
    ] = None,
    rewrites: Annotated[
        list[str] | None,
        typer.Option(
            "--rewrite",
            metavar="NAME",
            help="Apply a bounded rewrite, of those that decant ops --rewrites lists or an "
            "operators file brings; may be repeated.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Switch a rewrite off, of those that decant ops --rewrites lists; may be "
            "repeated.",
        ),
    ] = None,
    allow_flex: Annotated[
        bool,
        typer.Option(
            "--allow-flex", help="Allow TensorFlow ops, which need a runtime with Flex, to stay."
        ),
    ] = False,
    routes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Let other converters try the model too, each in an environment of its own that "
            "is made when it is first needed, and compare: litert-torch, onnx2tf, onnx-tf or all; "
            "may be repeated.",
        ),
    ] = None,
    keep: Annotated[
        Keep,
        typer.Option(
            help="best leaves the fastest verified file too, as model_best.tflite, if that is "
            "another converter's."
        ),
    ] = Keep.OWN,
    keep_unverified: Annotated[
        bool,
        typer.Option(
            "--keep-unverified",
            help="Keep a file that fails its verification too, as model_fp32.unverified.tflite.",
        ),
    ] = False,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert a model to a verified float .tflite."""
    options: pipeline.ConvertOptions = {
        "input_layout": input_layout.value,
        "output_layout": output_layout.value,
        "tolerance": tolerance,
        "allow_flex": allow_flex,
    }
    if input_dtype is not None:
        options["input_dtype"] = input_dtype.value
    if operators:
        options["operators"] = tuple(operators)
    if rewrites:
        options["rewrites"] = tuple(rewrites)
    if without:
        options["without"] = tuple(without)
    with session("convert", verbose=verbose, as_json=as_json) as terminal:
        if shapes:
            options["shapes"] = parse_shapes(shapes)
        converted = pipeline.convert(
            source,
            out,
            inputs=inputs,
            signatures=parse_signatures(signatures),
            routes=routes or (),
            keep=keep.value,
            overrides=parse_overrides(changes),
            keep_unverified=keep_unverified,
            **options,
        )
        terminal.give(converted, _show)


def _show(terminal: Terminal, converted: pipeline.Converted) -> None:
    """Print how far each hop is off, and where the file is."""
    if converted.report is not None:
        for line in converted.report.lines():
            terminal.result(line)
        terminal.result(f"{converted.tflite}")
    raced = converted.routes
    if raced is not None:
        from .routes import show_routes

        show_routes(terminal, raced)
        if raced.kept == BEST_FILE:
            terminal.result(f"{converted.folder / BEST_FILE}")
