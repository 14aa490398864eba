"""`decant quantize`: the candidates of a model or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from .. import pipeline
from ..errors import UsageError
from ..files import RECIPE
from ..overrides import parse_overrides
from ..shapes import parse_shapes
from .options import Json, OutOfStep, Set, Shapes, Verbose
from .session import session

if TYPE_CHECKING:
    from ..quantization import BorderName, Plan


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
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long to search for mixed files, such as 90s or 10m; 10m if not given. The"
            " best of what was found until then counts, and the same command goes on from there.",
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="OBJECTIVE",
            help="What the file shall have little of: latency, size or memory; latency if not"
            " given. pure_int8 makes one file of integers alone, for processors without floats, or"
            " ends with 3 and says what of the model cannot be.",
        ),
    ] = None,
    min_snr: Annotated[
        float | None,
        typer.Option(
            metavar="DB",
            help="Signal-to-noise ratio that every part of every output has to keep.",
        ),
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(metavar="DROP", help="By how much the metric may get worse."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.py:FUNCTION",
            help="Of a file: its metric on calibration data, more being better. It is given the"
            " outputs per sample and the arrays of X.npz that are called truth or truth_…",
        ),
    ] = None,
    no_plan: Annotated[
        bool,
        typer.Option(
            "--no-plan",
            help="Search for no mixed files. Of a spec they are searched for where it has a section"
            " quantization.plan, or an option of the search is given.",
        ),
    ] = False,
    qdq: Annotated[
        bool,
        typer.Option(
            "--qdq",
            help="Write int8 candidates as ONNX too, with explicit QuantizeLinear and"
            " DequantizeLinear, for ONNX Runtime, OpenVINO and TensorRT.",
        ),
    ] = False,
    borders: Annotated[
        str | None,
        typer.Option(
            metavar="float|int8",
            help="What static int8 files take and give; float if not given. The scale of int8"
            " inputs and outputs is in the report and in the sidecar.",
        ),
    ] = None,
    shapes: Shapes = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make the quantized candidates of a model, and say which to ship.

    Without calibration data those are float16 and dynamic int8; with it, static int8 and mixed
    files too, in which each operator computes in what pays.
    """
    with session("quantize", verbose=verbose, as_json=as_json) as terminal:
        from .tables import show_quantized

        asked = _asked(budget=budget, objective=objective, min_snr_db=min_snr, max_drop=max_drop)
        if asked is not None and no_plan:
            raise UsageError("--no-plan searches for nothing; leave the options of a search out")
        made = pipeline.quantize(
            source,
            out,
            calibration=calibration,
            recipe=recipe,
            plan=False if no_plan else asked,
            metric=metric,
            qdq=qdq,
            borders=_borders(borders),
            shapes=parse_shapes(shapes),
            overrides=parse_overrides(changes),
        )
        terminal.give(made, show_quantized)


def _asked(**given: object) -> Plan | None:
    """Give what is asked of plans; None where nothing is.

    Raises:
        UsageError: A value is none that it can have.
    """
    from pydantic import ValidationError

    from ..quantization import Plan

    stated = {name: value for name, value in given.items() if value is not None}
    if not stated:
        return None
    try:
        return Plan.model_validate(stated)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0]).removesuffix("_db").replace("_", "-")
        raise UsageError(f"{option}: {first['msg'].removeprefix('Value error, ')}") from error


def _borders(given: str | None) -> BorderName | None:
    """Give what files take and give.

    Raises:
        UsageError: It is neither floats nor int8.
    """
    from ..quantization import BorderName

    for name in get_args(BorderName):
        if name == given:
            return cast("BorderName", name)
    if given is None:
        return None
    raise UsageError(f"--borders: {given!r} is none; give {' or '.join(get_args(BorderName))}")
