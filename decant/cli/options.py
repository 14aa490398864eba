"""Arguments and options that commands share, and what may be chosen in them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Layout(StrEnum):
    """Axis order of inputs and outputs in the converted file."""

    NHWC = "nhwc"
    KEEP = "keep"


class InputType(StrEnum):
    """What the converted file's inputs take."""

    FLOAT32 = "float32"
    UINT8 = "uint8"


class Keep(StrEnum):
    """Which file of a race of converters is kept."""

    OWN = "own"
    BEST = "best"


class Role(StrEnum):
    """Which of a recipe's networks is trained."""

    STUDENT = "student"
    TEACHER = "teacher"


Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="A path to a model.toml, its folder, or a zoo model's name."
    ),
]
Bundled = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="A model, or a bundle that was made: its folder or model.json."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Folder to write; if not given, build/NAME below the current folder, NAME being the"
        " spec's.",
    ),
]
OutOfReport = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Build folder of the model, whose report.json is read and in which results are"
        " written; if not given, build/NAME below the current folder, NAME being the spec's.",
    ),
]
OutOfBench = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Folder to write; if not given, build/NAME below the current folder for a model, and"
        " none for a file, which is only shown.",
    ),
]
OutOfStep = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Folder to write; if not given, build/NAME/COMMAND below the current folder, NAME"
        " being the spec's or the file's.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Let a key of the spec have another value for this run, such as"
        " requirements.max_drop=0.02; may be repeated.",
    ),
]
Shapes = Annotated[
    list[str] | None,
    typer.Option(
        "--shape",
        metavar="NAME=SIZES",
        help="Of a file: fix sizes of an input that it leaves free, in ONNX axis order, such as"
        " image=1,3,480,640; ? stays free. Without it a free batch becomes 1. May be repeated.",
    ),
]
Signatures = Annotated[
    list[str] | None,
    typer.Option(
        "--signature",
        metavar="SIGNATURE:NAME=SIZES",
        help="Of an .onnx: let the file have a signature of this name for these sizes, such as"
        " small:image=1,3,240,320; signatures share their weights. May be repeated.",
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON object on stdout, as docs/reference/json.md describes it."
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show what the libraries print as well.")
]
